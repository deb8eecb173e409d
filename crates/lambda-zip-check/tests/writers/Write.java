import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;

/** Writes zips of a function with Java's zip file system: java Write.java BOOTSTRAP DIRECTORY */
class Write {
    public static void main(String[] arguments) throws Exception {
        byte[] bootstrap = Files.readAllBytes(Path.of(arguments[0]));
        for (String method : new String[] {"stored", "deflated"}) {
            URI place = URI.create("jar:" + Path.of(arguments[1], "java-" + method + ".zip").toUri());
            Map<String, String> options =
                Map.of("create", "true", "enablePosixFileAttributes", "true", "compressionMethod", method.toUpperCase());
            try (FileSystem zip = FileSystems.newFileSystem(place, options)) {
                Files.createDirectory(zip.getPath("conf"));
                permit(zip, "conf", "rwxr-xr-x");
                write(zip, "bootstrap", bootstrap, "rwxr-xr-x");
                write(zip, "conf/a.txt", "the same again ".repeat(200).getBytes(), "rw-r--r--");
                write(zip, "empty", new byte[0], "rw-r--r--");
            }
        }
    }

    private static void write(FileSystem zip, String name, byte[] contents, String permissions) throws Exception {
        Files.write(zip.getPath(name), contents);
        permit(zip, name, permissions);
    }

    private static void permit(FileSystem zip, String name, String permissions) throws Exception {
        Files.setPosixFilePermissions(zip.getPath(name), PosixFilePermissions.fromString(permissions));
    }
}
