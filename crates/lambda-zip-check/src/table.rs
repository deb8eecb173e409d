//! The one table of rules. Each stands here once with its reasons; the code that applies it only finds where it is broken.

use super::rule::{RuleFacts, Severity};
use lambda_platform::limits::LIMITS_SOURCE as LIMITS;
use lambda_platform::runtimes::RUNTIMES_SOURCE as RUNTIMES;

macro_rules! rules {
    ($($rule:ident $id:literal $severity:ident
        what $what:literal why $why:literal source $source:expr, remedy $remedy:literal)*) => {
        /// A rule that a zip is held against.
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
                remedy: $remedy,
            },)*
        ];
    };
}

const ZIP_FORMAT: &str = "the zip format (PKWARE's APPNOTE)";
const CAREFUL: &str = "an inference: tools that unzip differ here, and what Lambda does is not documented";
const ELF_LOADING: &str = "Linux: the kernel's ELF loader and ld.so(8)";
const PERMISSIONS: &str = "AWS knowledge center, permission errors of Lambda deployment packages";
const EXTENSIONS: &str = "AWS Lambda developer guide, \"Lambda Extensions API\"";
const CUSTOM_RUNTIMES: &str = "AWS Lambda developer guide, \"Building a custom runtime for AWS Lambda\"";

rules! {
    ZipUnreadable "zip-unreadable" Error
        what "the file is a zip archive"
        why "the upload fails with `Could not unzip uploaded file`"
        source "the service's error message", remedy "make the zip again"
    ZipTruncated "zip-truncated" Error
        what "the archive is whole"
        why "the upload fails with `Could not unzip uploaded file`"
        source "the service's error message", remedy "make or copy the zip again; its end is missing"
    ZipEmpty "zip-empty" Error
        what "the archive holds at least one file"
        why "the upload fails with `Uploaded file must be a non-empty zip`"
        source "the service's error message", remedy "check what the zip was made from"
    ZipLeadingBytes "zip-leading-bytes" Warning
        what "the archive starts with its first entry"
        why "a reader that starts at the front does not find the entries"
        source CAREFUL, remedy "make the zip again without a prefix such as that of a self-extracting archive"
    ZipTrailingBytes "zip-trailing-bytes" Warning
        what "nothing follows the archive's end record"
        why "a strict reader refuses the archive"
        source CAREFUL, remedy "make or copy the zip again"
    ZipGap "zip-gap" Warning
        what "there are no bytes between the entries that belong to none"
        why "a reader that starts at the front sees other entries than one that uses the directory at the end"
        source CAREFUL, remedy "make the zip again in place of editing it"
    ZipOverlap "zip-overlap" Error
        what "no two entries share bytes of the archive"
        why "this is how zip bombs are made; careful readers refuse the archive"
        source CAREFUL, remedy "make the zip again with another tool"
    HeadersDisagree "headers-disagree" Error
        what "an entry's own header says the same as the archive's directory"
        why "the entry that Lambda unpacks depends on which of the two it reads"
        source ZIP_FORMAT, remedy "make the zip again with another tool"
    UnsupportedMethod "unsupported-method" Error
        what "entries are stored or compressed with deflate"
        why "the upload fails with `Could not unzip uploaded file`"
        source CAREFUL, remedy "choose the method `deflate` when making the zip"
    Encrypted "encrypted" Error
        what "no entry is encrypted"
        why "Lambda has no password to unpack it with"
        source CAREFUL, remedy "make the zip without a password"
    NeedlessZip64 "needless-zip64" Warning
        what "the archive does without the 64-bit extensions of the format"
        why "no zip that fits Lambda's limits needs them, and not every reader knows them"
        source CAREFUL, remedy "turn zip64 off in the tool that makes the zip, or give it the sizes in advance"
    ZipBomb "zip-bomb" Error
        what "the archive unpacks to an amount that can be checked"
        why "Lambda refuses far smaller archives"
        source LIMITS, remedy "leave files out of the zip"
    CheckIncomplete "check-incomplete" Warning
        what "the links and libraries of the archive can be followed in a bounded number of steps"
        why "no tool made such a zip for a function; rules that it breaks may not have been noticed"
        source "this project's own bounds, far above what a function needs", remedy "look at where its links lead and at the run paths of its executables"
    EntryCorrupt "entry-corrupt" Error
        what "every entry can be decompressed"
        why "the upload fails with `Could not unzip uploaded file`"
        source ZIP_FORMAT, remedy "make or copy the zip again"
    SizeMismatch "size-mismatch" Error
        what "every entry unpacks to the size that the directory gives"
        why "the upload fails with `Could not unzip uploaded file`"
        source ZIP_FORMAT, remedy "make or copy the zip again"
    CrcMismatch "crc-mismatch" Error
        what "the contents of every entry have the checksum that the directory gives"
        why "the upload fails with `Could not unzip uploaded file`"
        source ZIP_FORMAT, remedy "make or copy the zip again"
    DuplicateName "duplicate-name" Error
        what "no two entries have the same name"
        why "which of them is unpacked depends on the reader"
        source CAREFUL, remedy "leave one of them out"
    CaseCollision "case-collision" Warning
        what "no two names differ only by upper and lower case, or by how their letters are composed"
        why "Lambda tells them apart, but Windows and macOS, where the zip may be unpacked for a look, do not"
        source "Linux file systems are case-sensitive", remedy "rename one of them"
    FileAndFolder "file-and-folder" Error
        what "no file has the name of a folder"
        why "one of the two cannot be unpacked"
        source "Linux: a path is either a file or a folder", remedy "rename one of them"
    BackslashInName "backslash-in-name" Error
        what "folders are separated by `/`"
        why "`\\` is an ordinary character on Linux: the file is unpacked beside the folder, not into it"
        source ZIP_FORMAT, remedy "make the zip with a tool that writes `/` also on Windows"
    AbsoluteName "absolute-name" Error
        what "names are relative"
        why "a reader refuses the entry or unpacks it elsewhere"
        source ZIP_FORMAT, remedy "make the zip from inside of the folder that is packed"
    ParentInName "parent-in-name" Error
        what "no name leads out of the archive with `..`"
        why "a careful reader refuses the archive"
        source ZIP_FORMAT, remedy "make the zip from inside of the folder that is packed"
    DriveLetter "drive-letter" Error
        what "no name starts with a drive letter"
        why "the file is unpacked under a name that nothing looks for"
        source ZIP_FORMAT, remedy "make the zip from inside of the folder that is packed"
    ControlCharacter "control-character" Warning
        what "names hold no control characters"
        why "a reader may refuse the name or cut it off"
        source CAREFUL, remedy "rename the file"
    NameNotUtf8 "name-not-utf8" Warning
        what "names are UTF-8"
        why "the name under which the file is unpacked is a guess"
        source CAREFUL, remedy "make the zip with a tool that writes names as UTF-8"
    Utf8FlagMissing "utf8-flag-missing" Warning
        what "names that are not ASCII are marked as UTF-8 (bit 11 of the flags)"
        why "a reader takes the name for code page 437 and unpacks the file under another one"
        source ZIP_FORMAT, remedy "make the zip with a tool that sets the flag"
    NameNotNormal "name-not-normal" Warning
        what "names hold no empty parts and no `.`"
        why "the service compares names as they are written, and may not find the file"
        source CAREFUL, remedy "pack `file` in place of `./file`"
    NoBootstrap "no-bootstrap" Error
        what "a function's zip has a file `bootstrap` at its root"
        why "the function fails with `Runtime.InvalidEntrypoint`: `Couldn't find valid bootstrap(s)`"
        source CUSTOM_RUNTIMES, remedy "name the executable `bootstrap` and put it at the root of the zip"
    BootstrapNotAFile "bootstrap-not-a-file" Error
        what "`bootstrap` is a file, or a link to one in the zip"
        why "the function fails with `Runtime.InvalidEntrypoint`"
        source CUSTOM_RUNTIMES, remedy "put the executable itself at the root of the zip, named `bootstrap`"
    NoExtension "no-extension" Error
        what "an extension's zip has a file directly in `extensions/`"
        why "Lambda starts nothing, and the extension never registers"
        source EXTENSIONS, remedy "put the executable at `extensions/NAME`"
    LinkEscapes "link-escapes" Warning
        what "symbolic links stay inside of the zip"
        why "the link points at whatever the runtime has there, or the reader refuses it"
        source CAREFUL, remedy "pack the file that the link points at"
    LinkDangling "link-dangling" Warning
        what "symbolic links point at something in the zip"
        why "opening the link fails with `No such file or directory`"
        source "Linux: symlink(7)", remedy "pack the file that the link points at, or leave the link out"
    Litter "litter" Warning
        what "the zip holds none of the files that desktops leave behind"
        why "they are uploaded and unpacked with every cold start"
        source "the habits of macOS and Windows", remedy "leave it out, for example with `zip -x`"
    Secret "secret" Warning
        what "the zip holds nothing that looks like a secret"
        why "everyone who may read the function's code can read it"
        source "AWS Lambda developer guide, security best practices", remedy "keep it in AWS Secrets Manager or Parameter Store"
    HostNotUnix "host-not-unix" Error
        what "what Lambda starts carries a Unix mode"
        why "the file is unpacked without the permission to run it: `permission denied`"
        source PERMISSIONS, remedy "make the zip with a tool that writes Unix modes also on Windows, such as `cargo lambda-zip pack`"
    NotExecutable "not-executable" Error
        what "what Lambda starts has the permission to be run"
        why "the start fails with `permission denied`"
        source PERMISSIONS, remedy "`chmod 755` the file before it is packed"
    NotReadable "not-readable" Error
        what "everyone may read the files"
        why "opening the file fails with `permission denied`: the function runs as a user who does not own it"
        source PERMISSIONS, remedy "`chmod 644` data and `chmod 755` executables before they are packed"
    Setuid "setuid" Warning
        what "no file takes over the rights of its owner"
        why "the bit has no effect on Lambda and is not meant for a zip"
        source CAREFUL, remedy "`chmod u-s,g-s` the file before it is packed"
    MissingTypeBits "missing-type-bits" Warning
        what "a Unix mode says that the entry is a file"
        why "Lambda copes, but some tools take the entry for something else"
        source CAREFUL, remedy "add 0o100000 to the mode where the zip is made"
    ExecFormat "exec-format" Error
        what "what Lambda starts is a Linux executable, or a script that names its interpreter"
        why "the start fails with `exec format error`"
        source "Linux: execve(2)", remedy "build for Linux; start a script with `#!/bin/sh`"
    ShebangCrlf "shebang-crlf" Error
        what "the first line of a script ends like a line on Linux"
        why "the start fails with `no such file or directory`: the carriage return counts as part of the interpreter's name"
        source "Linux: execve(2)", remedy "save the script with LF line ends, for example with `dos2unix`"
    ScriptInterpreter "script-interpreter" Error
        what "a script's interpreter exists in the runtime, or in the zip and its layers"
        why "the start fails with `no such file or directory`"
        source "the packages of Amazon Linux's minimal container", remedy "use `/bin/sh` or `/bin/bash`, or bring the interpreter"
    ElfUnreadable "elf-unreadable" Error
        what "an ELF file is whole"
        why "the start fails with `exec format error` or a crash"
        source ELF_LOADING, remedy "build the file again"
    WrongClass "wrong-class" Error
        what "executables are 64-bit"
        why "the start fails with `exec format error`"
        source RUNTIMES, remedy "build for a 64-bit target"
    WrongEndianness "wrong-endianness" Error
        what "executables are little-endian"
        why "the start fails with `exec format error`"
        source RUNTIMES, remedy "build for a little-endian target"
    WrongArchitecture "wrong-architecture" Error
        what "executables are built for the function's architecture"
        why "the start fails with `exec format error`"
        source RUNTIMES, remedy "build for the function's architecture, or change the function's"
    MixedArchitectures "mixed-architectures" Warning
        what "all executables and libraries in the zip are for one architecture"
        why "running or loading the odd one fails"
        source ELF_LOADING, remedy "pack only what was built for the function's architecture"
    NotAProgram "not-a-program" Error
        what "what Lambda starts is a program, not an object file or a library"
        why "the start fails with `exec format error` or a crash"
        source ELF_LOADING, remedy "pack the linked program"
    LoaderMissing "loader-missing" Error
        what "an executable asks for the runtime's loader, or for none"
        why "the start fails with `no such file or directory`, though the file is there"
        source ELF_LOADING, remedy "build a static executable with `--libc musl`, or link against the system's glibc"
    GlibcTooNew "glibc-too-new" Error
        what "no executable needs a newer glibc than the runtime's"
        why "the start fails with `version 'GLIBC_...' not found`"
        source ELF_LOADING, remedy "build with `--libc musl`, or on a system with an older glibc"
    LibstdcxxTooNew "libstdcxx-too-new" Error
        what "no executable needs a newer libstdc++ than the runtime's"
        why "the start fails with `version 'GLIBCXX_...' not found`"
        source ELF_LOADING, remedy "link libstdc++ statically with `-static-libstdc++`, or bring it in `lib/`"
    LibgccTooNew "libgcc-too-new" Error
        what "no executable needs a newer `libgcc_s` than the runtime's"
        why "the start fails with `version 'GCC_...' not found`"
        source ELF_LOADING, remedy "link libgcc statically with `-static-libgcc`, or bring it in `lib/`"
    LibraryMissing "library-missing" Error
        what "every shared library is in the runtime, in the zip or in a layer, where the loader looks"
        why "the start fails with `cannot open shared object file`"
        source "the list of libraries in the image of `provided.al2023`", remedy "link it statically, or bring it in `lib/`"
    LibraryUncertain "library-uncertain" Warning
        what "shared libraries other than glibc's and `libgcc_s` come with the zip"
        why "the managed runtime holds fewer libraries than its published image"
        source "reports of libraries that are in the image but not in the service", remedy "link it statically, or bring it in `lib/`"
    Unstripped "unstripped" Note
        what "executables carry no debug information"
        why "it counts against the limits and slows the cold start; nothing reads it"
        source LIMITS, remedy "set `strip = true` in the profile, or run `strip` on the file"
    ExecutableStack "executable-stack" Warning
        what "executables do not ask for an executable stack"
        why "hardened kernels refuse it, and it makes every overflow an exploit"
        source ELF_LOADING, remedy "link with `-z noexecstack`; the request often comes from an assembler file"
    UploadLimit "upload-limit" Warning
        what "the zip is small enough to be sent in a request"
        why "a direct upload fails with `RequestEntityTooLargeException`; an upload through S3 does not"
        source LIMITS, remedy "upload the zip to S3 and name the bucket and key when the function is updated"
    UnpackedLimit "unpacked-limit" Error
        what "the zip and its layers unpack to less than the limit"
        why "the upload fails with `Unzipped size must be smaller than 262144000 bytes`"
        source LIMITS, remedy "leave files out, strip executables, or deploy a container image"
    LayersLimit "layers-limit" Error
        what "a function has no more layers than Lambda takes"
        why "the function cannot be configured"
        source LIMITS, remedy "merge layers"
    RuntimeDeprecated "runtime-deprecated" Warning
        what "the runtime is still maintained"
        why "it gets no security patches, and creating and updating functions ends soon or has ended"
        source RUNTIMES, remedy "move to `provided.al2023`"
    RuntimeBlocked "runtime-blocked" Error
        what "functions of the runtime can still be updated"
        why "the service refuses to create or update the function"
        source RUNTIMES, remedy "move to `provided.al2023`"
    RuntimeArchitecture "runtime-architecture" Error
        what "the runtime exists for the architecture"
        why "the function cannot be created"
        source RUNTIMES, remedy "move to `provided.al2023`, or choose another architecture"
}
