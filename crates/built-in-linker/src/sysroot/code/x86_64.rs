//! 64-bit x86. In assembly, the target of a move comes first.

use object::elf;

use super::Body;
use super::Piece::{self, Bytes, Linked};

/// The distance to a function, for a `call` or a `jmp`.
const fn code_of(name: &'static str) -> Piece {
    Linked(0, elf::R_X86_64_PLT32, name)
}

/// The distance to a symbol of the program itself.
const fn address(name: &'static str) -> Piece {
    Linked(0, elf::R_X86_64_PC32, name)
}

/// The code of a function.
pub(super) fn code(body: Body) -> Vec<Piece> {
    match body {
        Body::Start { runs_constructors: false } => [ENTRY, NO_CONSTRUCTORS, CALL_LIBC].concat(),
        Body::Start { runs_constructors: true } => [ENTRY, PASS_CONSTRUCTORS, CALL_LIBC].concat(),
        Body::Finalize => vec![
            Bytes(&[0x48, 0x8d, 0x3d]), // lea rdi, [__dso_handle]
            address("__dso_handle"),
            Bytes(&[0xe9]), // jmp
            code_of("__cxa_finalize"),
        ],
        Body::RunConstructors => RUN_CONSTRUCTORS.to_vec(),
        Body::Nothing => vec![Bytes(&[0xc3])], // ret
        Body::AtExit => vec![
            Bytes(&[
                0x31, 0xf6, // xor esi, esi
                0x48, 0x8d, 0x15, // lea rdx, [__dso_handle]
            ]),
            address("__dso_handle"),
            Bytes(&[0xe9]), // jmp
            code_of("__cxa_atexit"),
        ],
        Body::AtQuickExit => vec![
            Bytes(&[0x48, 0x8d, 0x35]), // lea rsi, [__dso_handle]
            address("__dso_handle"),
            Bytes(&[0xe9]), // jmp
            code_of("__cxa_at_quick_exit"),
        ],
        Body::AtFork => vec![
            Bytes(&[0x48, 0x8d, 0x0d]), // lea rcx, [__dso_handle]
            address("__dso_handle"),
            Bytes(&[0xe9]), // jmp
            code_of("__register_atfork"),
        ],
        Body::StackCheckFailed => vec![Bytes(&[0xe9]), code_of("__stack_chk_fail")], // jmp
        Body::Stat(name) => [STAT, &[code_of(name)]].concat(),
        Body::StatAt(name) => [STAT_AT, &[code_of(name)]].concat(),
        Body::MakeNode => MAKE_NODE.to_vec(),
        Body::MakeNodeAt => MAKE_NODE_AT.to_vec(),
    }
}

/// The kernel, or the loader, leaves a function to run at exit in rdx and the count of the arguments on top of the stack,
/// with the arguments behind it.
const ENTRY: &[Piece] = &[Bytes(&[
    0x31, 0xed, // xor ebp, ebp: the outermost frame
    0x49, 0x89, 0xd1, // mov r9, rdx
    0x5e, // pop rsi: the count of arguments
    0x48, 0x89, 0xe2, // mov rdx, rsp: the arguments
    0x48, 0x83, 0xe4, 0xf0, // and rsp, -16
    0x50, // push rax: keeps the alignment
    0x54, // push rsp: the end of the stack
])];

const NO_CONSTRUCTORS: &[Piece] = &[Bytes(&[
    0x45, 0x31, 0xc0, // xor r8d, r8d
    0x31, 0xc9, // xor ecx, ecx
])];

const PASS_CONSTRUCTORS: &[Piece] = &[
    Bytes(&[0x4c, 0x8d, 0x05]), // lea r8, [__libc_csu_fini]
    address("__libc_csu_fini"),
    Bytes(&[0x48, 0x8d, 0x0d]), // lea rcx, [__libc_csu_init]
    address("__libc_csu_init"),
];

const CALL_LIBC: &[Piece] = &[
    Bytes(&[0x48, 0x8b, 0x3d]), // mov rdi, [main@GOT]
    Linked(0, elf::R_X86_64_REX_GOTPCRELX, "main"),
    Bytes(&[0xff, 0x15]), // call [__libc_start_main@GOT]
    Linked(0, elf::R_X86_64_GOTPCRELX, "__libc_start_main"),
    Bytes(&[0xf4]), // hlt
];

/// Calls each function of `.init_array` with the arguments of `main`.
const RUN_CONSTRUCTORS: &[Piece] = &[
    Bytes(&[
        0x41, 0x54, // push r12
        0x41, 0x55, // push r13
        0x41, 0x56, // push r14
        0x53, // push rbx
        0x50, // push rax: aligns the stack
        0x41, 0x89, 0xfc, // mov r12d, edi
        0x49, 0x89, 0xf5, // mov r13, rsi
        0x49, 0x89, 0xd6, // mov r14, rdx
        0x48, 0x8d, 0x1d, // lea rbx, [__init_array_start]
    ]),
    address("__init_array_start"),
    Bytes(&[
        0xeb, 0x0f, // jmp check
        // next:
        0x44, 0x89, 0xe7, // mov edi, r12d
        0x4c, 0x89, 0xee, // mov rsi, r13
        0x4c, 0x89, 0xf2, // mov rdx, r14
        0xff, 0x13, // call [rbx]
        0x48, 0x83, 0xc3, 0x08, // add rbx, 8
        // check:
        0x48, 0x8d, 0x05, // lea rax, [__init_array_end]
    ]),
    address("__init_array_end"),
    Bytes(&[
        0x48, 0x39, 0xc3, // cmp rbx, rax
        0x75, 0xe5, // jne next
        0x58, // pop rax
        0x5b, // pop rbx
        0x41, 0x5e, // pop r14
        0x41, 0x5d, // pop r13
        0x41, 0x5c, // pop r12
        0xc3, // ret
    ]),
];

/// Moves the arguments of `stat(path, buffer)` to those of `__xstat(1, path, buffer)`.
const STAT: &[Piece] = &[Bytes(&[
    0x48, 0x89, 0xf2, // mov rdx, rsi
    0x48, 0x89, 0xfe, // mov rsi, rdi
    0xbf, 0x01, 0x00, 0x00, 0x00, // mov edi, 1
    0xe9, // jmp
])];

/// Moves the arguments of `fstatat(directory, path, buffer, flags)` to those of `__fxstatat(1, directory, path, buffer,
/// flags)`.
const STAT_AT: &[Piece] = &[Bytes(&[
    0x41, 0x89, 0xc8, // mov r8d, ecx
    0x48, 0x89, 0xd1, // mov rcx, rdx
    0x48, 0x89, 0xf2, // mov rdx, rsi
    0x89, 0xfe, // mov esi, edi
    0xbf, 0x01, 0x00, 0x00, 0x00, // mov edi, 1
    0xe9, // jmp
])];

/// `mknod(path, mode, device)` calls `__xmknod(0, path, mode, &device)`.
const MAKE_NODE: &[Piece] = &[
    Bytes(&[
        0x48, 0x83, 0xec, 0x18, // sub rsp, 24
        0x48, 0x89, 0x54, 0x24, 0x08, // mov [rsp + 8], rdx
        0x48, 0x8d, 0x4c, 0x24, 0x08, // lea rcx, [rsp + 8]
        0x89, 0xf2, // mov edx, esi
        0x48, 0x89, 0xfe, // mov rsi, rdi
        0x31, 0xff, // xor edi, edi
        0xe8, // call
    ]),
    code_of("__xmknod"),
    Bytes(&[
        0x48, 0x83, 0xc4, 0x18, // add rsp, 24
        0xc3, // ret
    ]),
];

/// `mknodat(directory, path, mode, device)` calls `__xmknodat(0, directory, path, mode, &device)`.
const MAKE_NODE_AT: &[Piece] = &[
    Bytes(&[
        0x48, 0x83, 0xec, 0x18, // sub rsp, 24
        0x48, 0x89, 0x4c, 0x24, 0x08, // mov [rsp + 8], rcx
        0x4c, 0x8d, 0x44, 0x24, 0x08, // lea r8, [rsp + 8]
        0x89, 0xd1, // mov ecx, edx
        0x48, 0x89, 0xf2, // mov rdx, rsi
        0x89, 0xfe, // mov esi, edi
        0x31, 0xff, // xor edi, edi
        0xe8, // call
    ]),
    code_of("__xmknodat"),
    Bytes(&[
        0x48, 0x83, 0xc4, 0x18, // add rsp, 24
        0xc3, // ret
    ]),
];
