import java.io.FileInputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/** Prints every entry of a zip, read by its directory and then as a stream: name, `-` for the mode, SHA-256. */
class Read {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        try (ZipFile archive = new ZipFile(args[0])) {
            for (ZipEntry entry : (Iterable<ZipEntry>) archive.stream().map(e -> (ZipEntry) e)::iterator) {
                out.println(entry.getName() + "\t-\t" + digest(archive.getInputStream(entry)));
            }
        }
        try (ZipInputStream stream = new ZipInputStream(new FileInputStream(args[0]))) {
            for (ZipEntry entry = stream.getNextEntry(); entry != null; entry = stream.getNextEntry()) {
                out.println(entry.getName() + "\t-\t" + digest(stream));
            }
        }
        out.flush();
    }

    static String digest(InputStream contents) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        new DigestInputStream(contents, digest).transferTo(java.io.OutputStream.nullOutputStream());
        return HexFormat.of().formatHex(digest.digest());
    }
}
