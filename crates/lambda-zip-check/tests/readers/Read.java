import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Reads the zips named on standard input, and prints a line for each: `ok`, or why it was refused. */
class Read {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String path = lines.readLine(); path != null; path = lines.readLine()) {
            System.out.println(read(path));
        }
    }

    private static String read(String path) {
        try (ZipFile archive = new ZipFile(path)) {
            for (ZipEntry entry : java.util.Collections.list(archive.entries())) {
                try (InputStream contents = archive.getInputStream(entry)) {
                    contents.transferTo(java.io.OutputStream.nullOutputStream());
                }
            }
            return "ok";
        } catch (Exception | InternalError error) {
            return error.toString().replace('\n', ' ');
        }
    }
}
