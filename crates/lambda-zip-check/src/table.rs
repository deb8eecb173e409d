//! The table of rules. Each rule is listed here once, with its reasons; the other modules find where a zip breaks it.

use super::rule::{RuleFacts, Severity};
use lambda_platform::limits::LIMITS_SOURCE as LIMITS;
use lambda_platform::runtimes::RUNTIMES_SOURCE as RUNTIMES;

macro_rules! rules {
    ($($rule:ident $id:literal $severity:ident
        what $what:literal why $why:literal source $source:expr, hint $hint:literal)*) => {
        /// A rule that a zip is checked against.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $(#[doc = $what] $rule,)*
        }

        pub(super) static TABLE: &[RuleFacts] = &[
            $(RuleFacts {
                rule: Rule::$rule,
                id: $id,
                severity: Severity::$severity,
                what: $what,
                why: $why,
                source: $source,
                hint: $hint,
            },)*
        ];
    };
}

const ZIP_FORMAT: &str = "the zip format (PKWARE's APPNOTE)";
const INFERENCE: &str = "an inference: unzip tools differ here, and Lambda's behaviour is not documented";
const READERS: &str = "tried with unzip 6.0, Python 3.11, 7-Zip 16.02, bsdtar 3.6, Java 17 and Go 1.19 on 2026-11-29";
const ELF_LOADING: &str = "Linux: the kernel's ELF loader and ld.so(8)";
const PERMISSIONS: &str = "AWS knowledge center, permission errors of Lambda deployment packages";
const EXTENSIONS: &str = "AWS Lambda developer guide, \"Lambda Extensions API\"";
const CUSTOM_RUNTIMES: &str = "AWS Lambda developer guide, \"Building a custom runtime for AWS Lambda\"";

rules! {
    ZipUnreadable "zip-unreadable" Error
        what "the file is a zip archive"
        why "the upload fails with `Could not unzip uploaded file`"
        source "the service's error message", hint "create the zip again"
    ZipTruncated "zip-truncated" Error
        what "the archive is complete"
        why "the upload fails with `Could not unzip uploaded file`"
        source "the service's error message", hint "create or copy the zip again"
    ZipEmpty "zip-empty" Error
        what "the archive contains at least one file"
        why "the upload fails with `Uploaded file must be a non-empty zip`"
        source "the service's error message", hint "check what the zip was made from"
    ZipLeadingBytes "zip-leading-bytes" Warning
        what "the archive starts with its first entry"
        why "a reader that starts at the front does not find the entries"
        source INFERENCE, hint "create the zip again without a prefix such as that of a self-extracting archive"
    ZipTrailingBytes "zip-trailing-bytes" Warning
        what "nothing follows the archive's end record"
        why "a strict reader refuses the archive"
        source INFERENCE, hint "create or copy the zip again"
    ZipGap "zip-gap" Warning
        what "every byte between two entries belongs to one of them"
        why "a reader that starts at the front sees other entries than one that uses the directory at the end"
        source INFERENCE, hint "create the zip again instead of editing it"
    ZipOverlap "zip-overlap" Error
        what "no two entries share bytes of the archive"
        why "zip bombs are made this way, and careful readers refuse the archive"
        source INFERENCE, hint "create the zip again with another tool"
    HeadersDisagree "headers-disagree" Error
        what "an entry's own header agrees with the archive's directory"
        why "what Lambda unpacks depends on which of the two it reads"
        source ZIP_FORMAT, hint "create the zip again with another tool"
    ExtraField "extra-field" Error
        what "extra fields fit into the space that their header gives them"
        why "the upload may fail with `Could not unzip uploaded file`: Java, Python and bsdtar refuse the archive"
        source READERS, hint "create the zip again with another tool"
    UnsupportedMethod "unsupported-method" Error
        what "entries are stored or compressed with deflate"
        why "the upload fails with `Could not unzip uploaded file`"
        source INFERENCE, hint "choose the method `deflate` when creating the zip"
    UnsupportedFeature "unsupported-feature" Error
        what "entries need no feature of the format that readers do not support"
        why "unzip supports version 4.6 of the format, Python version 6.3; other readers ignore the number"
        source READERS, hint "create the zip again with another tool"
    Encrypted "encrypted" Error
        what "no entry is encrypted"
        why "Lambda has no password to unpack it with"
        source INFERENCE, hint "create the zip without a password"
    NeedlessZip64 "needless-zip64" Warning
        what "the archive does not use zip64"
        why "no zip within Lambda's limits needs zip64, and not every reader supports it"
        source INFERENCE, hint "turn zip64 off in the tool that creates the zip, or tell it the sizes in advance"
    ZipBomb "zip-bomb" Error
        what "the archive is small enough to be checked completely"
        why "Lambda refuses far smaller archives"
        source LIMITS, hint "leave files out of the zip"
    CheckIncomplete "check-incomplete" Warning
        what "the links and libraries of the archive can be followed in a limited number of steps"
        why "other rules may be broken without being reported"
        source "this project's own limits, far above what a function needs", hint "simplify its links and the run paths of its executables"
    EntryCorrupt "entry-corrupt" Error
        what "every entry can be decompressed"
        why "the upload fails with `Could not unzip uploaded file`"
        source ZIP_FORMAT, hint "create or copy the zip again"
    SizeMismatch "size-mismatch" Error
        what "every entry unpacks to the size that the directory gives"
        why "the upload fails with `Could not unzip uploaded file`"
        source ZIP_FORMAT, hint "create or copy the zip again"
    CrcMismatch "crc-mismatch" Error
        what "every entry has the checksum that the directory gives"
        why "the upload fails with `Could not unzip uploaded file`"
        source ZIP_FORMAT, hint "create or copy the zip again"
    DuplicateName "duplicate-name" Error
        what "no two entries have the same name"
        why "which one is unpacked depends on the reader"
        source INFERENCE, hint "leave one of them out"
    CaseCollision "case-collision" Warning
        what "no two names differ only by case or by Unicode normalisation"
        why "Lambda keeps both files, but unpacking on Windows or macOS loses one"
        source "Linux file systems are case-sensitive", hint "rename one of them"
    FileAndDirectory "file-and-folder" Error
        what "no file has the name of a directory"
        why "one of the two cannot be unpacked"
        source "Linux: a path is either a file or a directory", hint "rename one of them"
    DirectoryWithoutSlash "directory-without-slash" Error
        what "the name of a directory ends with `/`"
        why "unzip creates a file with this name and then cannot create the files in the directory"
        source READERS, hint "end the name with `/`, or leave the entry out"
    NameTooLong "name-too-long" Error
        what "Linux accepts the length of every name (255 bytes) and path (4,095 bytes)"
        why "the file cannot be unpacked: `File name too long`"
        source "Linux: limits.h", hint "shorten the name"
    TooManyFiles "too-many-files" Warning
        what "the archive unpacks to at most 100,000 files and directories"
        why "every cold start creates them all"
        source "this project's own limit, above what functions have", hint "leave files out, or pack them into one file"
    BackslashInName "backslash-in-name" Error
        what "names use `/` as the separator"
        why "`\\` is an ordinary character on Linux: the file is not unpacked into the directory"
        source ZIP_FORMAT, hint "create the zip with a tool that writes `/` on Windows too"
    AbsoluteName "absolute-name" Error
        what "names are relative"
        why "a reader refuses the entry or unpacks it elsewhere"
        source ZIP_FORMAT, hint "create the zip from inside the packed directory"
    ParentInName "parent-in-name" Error
        what "no name leads out of the archive with `..`"
        why "a careful reader refuses the archive"
        source ZIP_FORMAT, hint "create the zip from inside the packed directory"
    DriveLetter "drive-letter" Error
        what "no name starts with a drive letter"
        why "the file is unpacked under a name that nothing looks for"
        source ZIP_FORMAT, hint "create the zip from inside the packed directory"
    ControlCharacter "control-character" Warning
        what "names contain no control characters"
        why "a reader may refuse or truncate the name"
        source INFERENCE, hint "rename the file"
    NameNotUtf8 "name-not-utf8" Warning
        what "names are UTF-8"
        why "the reader has to guess the name"
        source INFERENCE, hint "create the zip with a tool that writes UTF-8 names"
    Utf8FlagMissing "utf8-flag-missing" Warning
        what "names with non-ASCII characters are marked as UTF-8 (bit 11 of the flags)"
        why "a reader decodes the name as code page 437 and unpacks the file under another name"
        source ZIP_FORMAT, hint "create the zip with a tool that sets the flag"
    NameNotNormal "name-not-normal" Warning
        what "names contain no empty parts and no `.`"
        why "the service compares names byte by byte and may not find the file"
        source INFERENCE, hint "pack `file` instead of `./file`"
    NoBootstrap "no-bootstrap" Error
        what "a function's zip has a file `bootstrap` at its root"
        why "the function fails with `Runtime.InvalidEntrypoint`: `Couldn't find valid bootstrap(s)`"
        source CUSTOM_RUNTIMES, hint "name the executable `bootstrap` and put it at the root of the zip"
    BootstrapNotAFile "bootstrap-not-a-file" Error
        what "`bootstrap` is a file, or a link to a file in the zip"
        why "the function fails with `Runtime.InvalidEntrypoint`"
        source CUSTOM_RUNTIMES, hint "put the executable itself at the root of the zip, named `bootstrap`"
    NoExtension "no-extension" Error
        what "an extension's zip has a file directly in `extensions/`"
        why "Lambda starts nothing, and the extension never registers"
        source EXTENSIONS, hint "put the executable at `extensions/NAME`"
    LinkEscapes "link-escapes" Warning
        what "symbolic links stay inside the zip"
        why "the link leads to a file of the runtime, or to nothing"
        source INFERENCE, hint "pack the file that the link points to"
    LinkBroken "link-broken" Error
        what "the contents of a symbolic link are a path"
        why "unpacking fails, or the link leads nowhere"
        source "Linux: symlink(2)", hint "give the entry the mode of a regular file, or pack the link's target path as its contents"
    LinkLoop "link-loop" Error
        what "no symbolic link leads back to itself"
        why "opening the link fails with `Too many levels of symbolic links`"
        source "Linux: symlink(7)", hint "point the link to a file"
    LinkDangling "link-dangling" Warning
        what "symbolic links point to something in the zip"
        why "opening the link fails with `No such file or directory`"
        source "Linux: symlink(7)", hint "pack the file that the link points to, or leave the link out"
    Litter "litter" Warning
        what "the zip contains no metadata files of a desktop system, such as `.DS_Store`"
        why "every cold start downloads and unpacks them"
        source "files that macOS and Windows create on their own", hint "leave it out, for example with `zip -x`"
    Secret "secret" Warning
        what "the zip contains nothing that looks like a secret"
        why "everyone who may read the function's code can read it"
        source "AWS Lambda developer guide, security best practices", hint "keep it in AWS Secrets Manager or Parameter Store"
    HostNotUnix "host-not-unix" Error
        what "files that Lambda starts have a Unix mode"
        why "the file is unpacked without execute permission: `permission denied`"
        source PERMISSIONS, hint "create the zip with a tool that writes Unix modes, such as `cargo lambda-zip pack`; jszip does with `platform: 'UNIX'`, Java's `jar` cannot"
    NotExecutable "not-executable" Error
        what "files that Lambda starts have execute permission"
        why "the start fails with `permission denied`"
        source PERMISSIONS, hint "run `chmod 755` on the file before packing it"
    NotReadable "not-readable" Error
        what "everyone may read the files"
        why "opening the file fails with `permission denied`: the function runs as a user who does not own it"
        source PERMISSIONS, hint "before packing, run `chmod 644` on data and `chmod 755` on executables"
    DirectoryMode "directory-mode" Warning
        what "everyone may list and enter directories"
        why "Lambda repairs the modes of directories, but other tools do not"
        source "AWS Lambda developer guide, \"Working with .zip file archives\"", hint "run `chmod 755` on the directory before packing it"
    Setuid "setuid" Warning
        what "no file has the set-user-ID or set-group-ID bit"
        why "the bit has no effect on Lambda"
        source INFERENCE, hint "run `chmod u-s,g-s` on the file before packing it"
    MissingTypeBits "missing-type-bits" Warning
        what "a Unix mode includes the file type, and marks every file as a regular file"
        why "Lambda accepts a missing type, but some tools take the entry for something else"
        source INFERENCE, hint "add 0o100000 to the mode where the zip is created"
    ExecFormat "exec-format" Error
        what "files that Lambda starts are Linux executables, or scripts that name their interpreter"
        why "the start fails with `exec format error`"
        source "Linux: execve(2)", hint "build for Linux; start a script with `#!/bin/sh`"
    ShebangCrlf "shebang-crlf" Error
        what "the first line of a script ends with LF, not CR LF"
        why "the start fails with `no such file or directory`: the carriage return counts as part of the interpreter's name"
        source "Linux: execve(2)", hint "save the script with LF line endings, for example with `dos2unix`"
    ScriptInterpreter "script-interpreter" Error
        what "a script's interpreter exists in the runtime, in the zip or in a layer"
        why "the start fails with `no such file or directory`"
        source "the packages of Amazon Linux's minimal container", hint "use `/bin/sh` or `/bin/bash`, or pack the interpreter"
    ElfUnreadable "elf-unreadable" Error
        what "ELF files are complete"
        why "the start fails with `exec format error` or a crash"
        source ELF_LOADING, hint "build the file again"
    WrongSystem "wrong-system" Error
        what "executables and libraries are built for Linux"
        why "loading the library fails with `invalid ELF header`, running the program with `exec format error`"
        source ELF_LOADING, hint "install the package for Linux, for example in a container or with your package manager's option for the platform"
    WrongClass "wrong-class" Error
        what "executables are 64-bit"
        why "the start fails with `exec format error`"
        source RUNTIMES, hint "build for a 64-bit target"
    WrongEndianness "wrong-endianness" Error
        what "executables are little-endian"
        why "the start fails with `exec format error`"
        source RUNTIMES, hint "build for a little-endian target"
    WrongArchitecture "wrong-architecture" Error
        what "executables are built for the function's architecture"
        why "the start fails with `exec format error`"
        source RUNTIMES, hint "build for the function's architecture, or change the function's architecture"
    MixedArchitectures "mixed-architectures" Warning
        what "all executables and libraries in the zip are for one architecture"
        why "running or loading the odd one fails"
        source ELF_LOADING, hint "pack only files that are built for the function's architecture"
    NotAProgram "not-a-program" Error
        what "files that Lambda starts are programs, not object files or libraries"
        why "the start fails with `exec format error` or a crash"
        source ELF_LOADING, hint "pack the linked program"
    NoLoader "no-loader" Error
        what "an executable that needs shared libraries names a loader"
        why "the start crashes: nothing loads the libraries"
        source ELF_LOADING, hint "build with `--libc gnu`, or link the libraries statically"
    LoaderMissing "loader-missing" Error
        what "an executable asks for the runtime's loader, or for none"
        why "the start fails with `no such file or directory`, although the file exists"
        source ELF_LOADING, hint "build a static executable with `--libc musl`, or link against the system's glibc"
    GlibcTooNew "glibc-too-new" Error
        what "no executable needs a newer glibc than the runtime's"
        why "the start fails with `version 'GLIBC_...' not found`"
        source ELF_LOADING, hint "link it with `--linker built-in` or `--linker zig`, which link for an older glibc, or use `--libc musl`"
    LibstdcxxTooNew "libstdcxx-too-new" Error
        what "no executable needs a newer libstdc++ than the runtime's"
        why "the start fails with `version 'GLIBCXX_...' not found`"
        source ELF_LOADING, hint "link libstdc++ statically with `-static-libstdc++`, or build with an older compiler"
    LibgccTooNew "libgcc-too-new" Error
        what "no executable needs a newer `libgcc_s` than the runtime's"
        why "the start fails with `version 'GCC_...' not found`"
        source ELF_LOADING, hint "link libgcc statically with `-static-libgcc`, or build with an older compiler"
    LibraryMissing "library-missing" Error
        what "every shared library is in the runtime, in the zip or in a layer, where the loader looks"
        why "the start fails with `cannot open shared object file`"
        source "the list of libraries in the image of `provided.al2023`", hint "link it statically, or pack it in `lib/`"
    LibraryNotElf "library-not-elf" Error
        what "a shared library that an executable needs is an ELF file"
        why "the start fails with `invalid ELF header`"
        source ELF_LOADING, hint "pack the library itself"
    LibraryUncertain "library-uncertain" Warning
        what "shared libraries other than glibc's and `libgcc_s` are packed"
        why "the managed runtime has fewer libraries than its published image"
        source "reports of libraries that are in the image but not in the service", hint "link it statically, or pack it in `lib/`"
    Unstripped "unstripped" Note
        what "executables contain no debug information"
        why "it counts against the limits and slows the cold start; nothing reads it"
        source LIMITS, hint "set `strip = true` in the profile, or run `strip` on the file"
    ExecutableStack "executable-stack" Warning
        what "executables do not ask for an executable stack"
        why "hardened kernels refuse it, and it makes overflows easier to exploit"
        source ELF_LOADING, hint "link with `-z noexecstack`; the request often comes from an assembler file"
    UploadLimit "upload-limit" Warning
        what "the zip is small enough for a direct upload"
        why "a direct upload fails with `Zipped size must be smaller than 52428800 bytes`; an upload through S3 works"
        source LIMITS, hint "upload the zip to S3, and name the bucket and key when updating the function"
    UnpackedLimit "unpacked-limit" Error
        what "the zip and its layers unpack to less than the limit"
        why "the upload fails with `Unzipped size must be smaller than 262144000 bytes`"
        source LIMITS, hint "leave files out, strip executables, or deploy a container image"
    LayersLimit "layers-limit" Error
        what "a function has no more layers than Lambda allows"
        why "the function cannot be configured"
        source LIMITS, hint "merge layers"
    RuntimeDeprecated "runtime-deprecated" Warning
        what "the runtime is not deprecated"
        why "it gets no security patches, and functions can no longer be created or updated at some point"
        source RUNTIMES, hint "move to `provided.al2023`"
    RuntimeBlocked "runtime-blocked" Error
        what "functions of the runtime can still be updated"
        why "the service refuses to create or update the function"
        source RUNTIMES, hint "move to `provided.al2023`"
    RuntimeArchitecture "runtime-architecture" Error
        what "the runtime exists for the architecture"
        why "the function cannot be created"
        source RUNTIMES, hint "move to `provided.al2023`, or choose another architecture"
}
