//! The options of a `cc`, as GCC and Clang document them, and what each means for a link.

use crate::error::Unsupported;

/// What an option without a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flag {
    Static,
    StaticPie,
    Shared,
    Pie,
    NoPie,
    Relocatable,
    NoStartFiles,
    NoDefaultLibs,
    NoStdlib,
    NoLibc,
    Pthread,
    Verbose,
    DryRun,
    Version,
    PrintMachine,
    PrintSysroot,
    /// An option that means the same to the linker, spelt as given here.
    Linker(&'static str),
}

/// The options that are one word, by their name.
pub(crate) fn flag(argument: &str) -> Option<Flag> {
    Some(match argument {
        "-static" | "--static" => Flag::Static,
        "-static-pie" => Flag::StaticPie,
        "-shared" | "--shared" => Flag::Shared,
        "-pie" | "--pie" => Flag::Pie,
        "-no-pie" | "--no-pie" | "-nopie" => Flag::NoPie,
        "-r" => Flag::Relocatable,
        "-nostartfiles" => Flag::NoStartFiles,
        "-nodefaultlibs" => Flag::NoDefaultLibs,
        "-nostdlib" | "--no-standard-libraries" => Flag::NoStdlib,
        "-nolibc" => Flag::NoLibc,
        "-pthread" | "-pthreads" => Flag::Pthread,
        "-v" | "--verbose" => Flag::Verbose,
        "-###" => Flag::DryRun,
        "--version" | "-dumpfullversion" | "-dumpversion" => Flag::Version,
        "-dumpmachine" | "-print-multiarch" | "--print-multiarch" => Flag::PrintMachine,
        "-print-sysroot" | "--print-sysroot" => Flag::PrintSysroot,
        "-s" | "--strip-all" => Flag::Linker("--strip-all"),
        "-rdynamic" | "-export-dynamic" | "--export-dynamic" => Flag::Linker("--export-dynamic"),
        "-symbolic" => Flag::Linker("-Bsymbolic"),
        "-t" => Flag::Linker("--trace"),
        "-N" => Flag::Linker("--omagic"),
        "-n" => Flag::Linker("--nmagic"),
        _ => return None,
    })
}

/// What the value of an option is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// For the linker, behind this option of its.
    Linker(&'static str),
    /// The same, as one word.
    Joined(&'static str),
    /// An argument of the linker, as it is.
    Argument,
    /// Where GCC looks for its parts, and for libraries when no `-L` has them.
    Prefix,
    Sysroot,
    /// A linker script, or the address of a section.
    Script,
    Target,
    PrintFileName,
    /// Of interest to a compiler only.
    Ignored,
}

/// How an option has its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `-lz` or `-l z`.
    Either,
    /// `-Xlinker ARG`.
    Separate,
    /// `--target=NAME`; the name ends in `=`.
    Joined,
}

/// The options with a value. Where one name starts with another, the longer one comes first.
const VALUES: &[(&str, Form, Value)] = &[
    ("-Xlinker", Form::Separate, Value::Argument),
    ("-mllvm", Form::Separate, Value::Linker("-mllvm")),
    ("-rpath", Form::Separate, Value::Linker("-rpath")),
    ("--sysroot=", Form::Joined, Value::Sysroot),
    ("--sysroot", Form::Separate, Value::Sysroot),
    ("--target=", Form::Joined, Value::Target),
    ("-target", Form::Separate, Value::Target),
    ("-print-file-name=", Form::Joined, Value::PrintFileName),
    ("--print-file-name=", Form::Joined, Value::PrintFileName),
    ("--output=", Form::Joined, Value::Linker("-o")),
    ("--output", Form::Separate, Value::Linker("-o")),
    ("--entry=", Form::Joined, Value::Linker("-e")),
    ("--entry", Form::Separate, Value::Linker("-e")),
    ("--library-directory=", Form::Joined, Value::Joined("-L")),
    ("--library-directory", Form::Separate, Value::Joined("-L")),
    ("--prefix=", Form::Joined, Value::Prefix),
    // Headers, macros and dependency files.
    ("-include", Form::Separate, Value::Ignored),
    ("-imacros", Form::Separate, Value::Ignored),
    ("-isystem", Form::Either, Value::Ignored),
    ("-isysroot", Form::Either, Value::Ignored),
    ("-iquote", Form::Either, Value::Ignored),
    ("-idirafter", Form::Either, Value::Ignored),
    ("-iprefix", Form::Either, Value::Ignored),
    ("-iwithprefixbefore", Form::Either, Value::Ignored),
    ("-iwithprefix", Form::Either, Value::Ignored),
    ("-MF", Form::Either, Value::Ignored),
    ("-MT", Form::Either, Value::Ignored),
    ("-MQ", Form::Either, Value::Ignored),
    ("-I", Form::Either, Value::Ignored),
    ("-D", Form::Either, Value::Ignored),
    ("-U", Form::Either, Value::Ignored),
    ("-Xassembler", Form::Separate, Value::Ignored),
    ("-Xpreprocessor", Form::Separate, Value::Ignored),
    ("-Xclang", Form::Separate, Value::Ignored),
    ("--param=", Form::Joined, Value::Ignored),
    ("--param", Form::Separate, Value::Ignored),
    ("-dumpbase", Form::Separate, Value::Ignored),
    ("-dumpdir", Form::Separate, Value::Ignored),
    // The language of source files, of which there are none.
    ("-x", Form::Either, Value::Ignored),
    ("-l", Form::Either, Value::Joined("-l")),
    ("-L", Form::Either, Value::Joined("-L")),
    ("-o", Form::Either, Value::Linker("-o")),
    ("-u", Form::Either, Value::Linker("-u")),
    ("-z", Form::Either, Value::Linker("-z")),
    ("-e", Form::Either, Value::Linker("-e")),
    ("-T", Form::Either, Value::Script),
    ("-B", Form::Either, Value::Prefix),
];

/// The option with a value that an argument is, or starts with.
pub(crate) fn value(argument: &str) -> Option<(&'static str, Value)> {
    let found = VALUES.iter().find(|(name, form, _)| match form {
        Form::Separate => argument == *name,
        Form::Either | Form::Joined => argument.starts_with(name),
    });
    found.map(|(name, _, value)| (*name, *value))
}

/// Why an argument cannot be honoured, where that is known. The first entry that the argument starts with counts; one that
/// ends in a blank is the whole argument.
const REFUSED: &[(&str, Unsupported)] = &[
    ("-c ", Unsupported::Compiles),
    ("-S ", Unsupported::Compiles),
    ("-E ", Unsupported::Compiles),
    ("-fsyntax-only ", Unsupported::Compiles),
    ("-fsanitize=", Unsupported::CompilerRuntime),
    ("-fopenmp", Unsupported::CompilerRuntime),
    ("-fopenacc", Unsupported::CompilerRuntime),
    ("-foffload", Unsupported::CompilerRuntime),
    ("-fprofile-generate", Unsupported::CompilerRuntime),
    ("-fprofile-instr-generate", Unsupported::CompilerRuntime),
    ("-fcs-profile-generate", Unsupported::CompilerRuntime),
    ("-fprofile-arcs", Unsupported::CompilerRuntime),
    ("-fcoverage-mapping", Unsupported::CompilerRuntime),
    ("-fmemory-profile", Unsupported::CompilerRuntime),
    ("-fxray-instrument", Unsupported::CompilerRuntime),
    ("-fsplit-stack", Unsupported::CompilerRuntime),
    ("-fgnu-tm", Unsupported::CompilerRuntime),
    ("-fvtable-verify=", Unsupported::CompilerRuntime),
    ("-fsycl", Unsupported::CompilerRuntime),
    ("--coverage", Unsupported::CompilerRuntime),
    ("-coverage", Unsupported::CompilerRuntime),
    ("-pg ", Unsupported::CompilerRuntime),
    ("-p ", Unsupported::CompilerRuntime),
    ("-specs", Unsupported::Specs),
    ("--specs", Unsupported::Specs),
    ("-wrapper ", Unsupported::Specs),
    ("-fplugin", Unsupported::Specs),
    ("--ld-path", Unsupported::OtherLinker),
    ("-fuse-ld", Unsupported::OtherLinker),
    ("-dynamiclib", Unsupported::Apple),
    ("-bundle", Unsupported::Apple),
    ("-framework", Unsupported::Apple),
    ("-weak_framework", Unsupported::Apple),
    ("-undefined", Unsupported::Apple),
    ("-install_name", Unsupported::Apple),
    ("-headerpad", Unsupported::Apple),
    ("-arch ", Unsupported::Apple),
    ("-exported_symbol", Unsupported::Apple),
    ("-mmacosx-version-min", Unsupported::Apple),
    ("-mmacos-version-min", Unsupported::Apple),
    ("-macos", Unsupported::Apple),
    ("-dead_strip", Unsupported::Apple),
    ("-ObjC ", Unsupported::Apple),
    ("-mwindows ", Unsupported::Windows),
    ("-mconsole ", Unsupported::Windows),
    ("-municode ", Unsupported::Windows),
    ("-mdll ", Unsupported::Windows),
    // To a `cc` these would be a directory called `static`, and so on.
    ("-Bstatic ", Unsupported::LinkerOption),
    ("-Bdynamic ", Unsupported::LinkerOption),
    ("-Bsymbolic", Unsupported::LinkerOption),
    ("-melf_", Unsupported::LinkerOption),
    ("-maarch64", Unsupported::LinkerOption),
    ("-print-gc-sections", Unsupported::LinkerOption),
    ("--print-gc-sections", Unsupported::LinkerOption),
    ("-print-", Unsupported::Query),
    ("--print-", Unsupported::Query),
    ("--help", Unsupported::Query),
    ("-dump", Unsupported::Query),
];

/// Why an argument cannot be honoured, where that is known.
pub(crate) fn refusal(argument: &str) -> Option<Unsupported> {
    let is_honoured = argument.contains("-print-file-name=") || argument.strip_prefix("-fuse-ld=").is_some_and(is_lld);
    if is_honoured {
        return None;
    }
    let found = REFUSED.iter().find(|(name, _)| match name.strip_suffix(' ') {
        Some(whole) => argument == whole,
        None => argument.starts_with(name),
    });
    found.map(|(_, reason)| *reason).or_else(|| is_linker_option(argument).then_some(Unsupported::LinkerOption))
}

/// Whether an argument looks like one that linkers take, and `cc` does not. With LLD as the linker itself, as `-C
/// linker=rust-lld` has it, arguments are written this way.
fn is_linker_option(argument: &str) -> bool {
    const NAMES: &[&str] = &[
        "allow-",
        "as-needed",
        "build-id",
        "compress-",
        "defsym",
        "discard-",
        "dynamic-",
        "eh-frame-hdr",
        "emit-",
        "end-",
        "error-",
        "exclude-",
        "fatal-",
        "fini=",
        "gc-",
        "gdb-",
        "hash-",
        "icf",
        "init=",
        "map",
        "Map",
        "no-",
        "pack-",
        "plugin",
        "pop-",
        "push-",
        "retain-",
        "script",
        "section-",
        "sort-",
        "soname",
        "start-",
        "strip-",
        "thinlto-",
        "threads",
        "trace",
        "undefined",
        "unresolved-",
        "version-script",
        "warn-",
        "whole-",
        "wrap",
    ];
    let name = argument.trim_start_matches('-');
    !is_compile_word(argument) && name.len() < argument.len() && NAMES.iter().any(|known| name.starts_with(known))
}

/// Whether an option selects another kind of program for the same family of processors.
pub(crate) fn is_for_other_target(argument: &str) -> bool {
    matches!(argument, "-m32" | "-mx32" | "-m16" | "-mabi=ilp32" | "-mbig-endian" | "-EB" | "-mthumb" | "-marm")
}

/// Whether an option has a meaning for compiling only, so that a `cc` takes it and does nothing when it links.
pub(crate) fn is_compile_option(argument: &str) -> bool {
    is_compile_word(argument)
        || is_optimization(argument)
        || is_debug_option(argument)
        || ["-W", "-m", "-f"].iter().any(|prefix| has_letter_behind(argument, prefix))
}

fn is_compile_word(argument: &str) -> bool {
    const WORDS: &[&str] = &[
        "-w",
        "-ansi",
        "-pipe",
        "-m64",
        "-pass-exit-codes",
        "-time",
        "-undef",
        "-nostdinc",
        "-nostdinc++",
        "-P",
        "-C",
        "-CC",
        "-traditional",
        "-trigraphs",
        "-Qy",
        "-Qn",
        "-Qunused-arguments",
        "-no-canonical-prefixes",
        "-canonical-prefixes",
        "-EL",
        "-save-temps",
        "-static-libstdc++",
        "-static-libgcc",
        "-shared-libgcc",
        "-M",
        "-MM",
        "-MD",
        "-MMD",
        "-MP",
        "-MG",
        "-nostdlib++",
        "-no-integrated-cpp",
        "-integrated-as",
        "-no-integrated-as",
    ];
    const PREFIXES: &[&str] = &[
        "-pedantic",
        "-std=",
        "--std=",
        "-stdlib=",
        "-save-temps=",
        "-Wa,",
        "-Wp,",
        "--gcc-toolchain=",
        "--gcc-install-dir=",
        "-rtlib=",
        "--rtlib=",
        "-unwindlib=",
        "--unwindlib=",
    ];
    WORDS.contains(&argument) || PREFIXES.iter().any(|prefix| argument.starts_with(prefix))
}

fn is_optimization(argument: &str) -> bool {
    let level = argument.strip_prefix("-O");
    level.is_some_and(|level| matches!(level, "" | "s" | "z" | "g" | "fast") || is_number(level))
}

/// The names of debug options. `-g` alone is no prefix: `-gc-sections` is a mistake to report.
fn is_debug_option(argument: &str) -> bool {
    const NAMES: &[&str] = &[
        "gdb",
        "dwarf",
        "split-dwarf",
        "z",
        "no-",
        "line-tables-only",
        "column-info",
        "strict-dwarf",
        "toggle",
        "pubnames",
        "btf",
        "ctf",
        "codeview",
        "stabs",
        "record-",
        "as-l",
        "inline-",
        "variable-",
        "statement-",
        "internal-",
        "describe-",
        "embed-",
        "full",
        "used",
        "modules",
        "lldb",
        "sce",
        "dbx",
        "simple-template-names",
        "key-instructions",
        "omit-",
        "prune-",
    ];
    let name = argument.strip_prefix("-g");
    name.is_some_and(|name| name.is_empty() || is_number(name) || NAMES.iter().any(|known| name.starts_with(known)))
}

/// `-Wall` is an option of compilers, `-Wl` without its comma a mistake.
fn has_letter_behind(argument: &str, prefix: &str) -> bool {
    let rest = argument.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic()) && rest != "l")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `-fuse-ld=` names LLD.
fn is_lld(name: &str) -> bool {
    let stem = name.strip_suffix(".exe").unwrap_or(name);
    let stem = stem.rsplit(['/', '\\']).next().unwrap_or(stem);
    matches!(stem, "lld" | "rust-lld" | "ld.lld")
}

/// Whether a `cc` would compile a file of this name.
pub(crate) fn is_source(path: &std::path::Path) -> bool {
    const EXTENSIONS: &[&str] = &[
        "c", "i", "cc", "cp", "cpp", "cxx", "c++", "ii", "C", "CPP", "m", "mm", "mi", "s", "S", "sx", "f", "f90", "h",
    ];
    path.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| EXTENSIONS.contains(&extension))
}
