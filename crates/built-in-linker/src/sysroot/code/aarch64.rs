//! 64-bit Arm. Instructions are 32-bit numbers, as in Arm's manual.

use object::elf;

use super::Body;
use super::Piece::{self, Instruction, Linked};

/// `bl NAME`
const fn call(name: &'static str) -> Piece {
    Linked(0x9400_0000, elf::R_AARCH64_CALL26, name)
}

/// `b NAME`
const fn jump(name: &'static str) -> Piece {
    Linked(0x1400_0000, elf::R_AARCH64_JUMP26, name)
}

/// `adrp xN, NAME`, the first half of an address.
const fn page(register: u32, name: &'static str) -> Piece {
    Linked(0x9000_0000 | register, elf::R_AARCH64_ADR_PREL_PG_HI21, name)
}

/// `add xN, xN, :lo12:NAME`, the second half.
const fn offset(register: u32, name: &'static str) -> Piece {
    Linked(0x9100_0000 | (register << 5) | register, elf::R_AARCH64_ADD_ABS_LO12_NC, name)
}

/// The code of a function.
pub(super) fn code(body: Body) -> Vec<Piece> {
    match body {
        Body::Start { runs_constructors: false } => [ENTRY, NO_CONSTRUCTORS, CALL_LIBC].concat(),
        Body::Start { runs_constructors: true } => [ENTRY, PASS_CONSTRUCTORS, CALL_LIBC].concat(),
        Body::Finalize => vec![page(0, "__dso_handle"), offset(0, "__dso_handle"), jump("__cxa_finalize")],
        Body::RunConstructors => RUN_CONSTRUCTORS.to_vec(),
        Body::Nothing => vec![Instruction(0xd65f_03c0)], // ret
        Body::AtExit => vec![
            Instruction(0xd280_0001), // mov x1, #0
            page(2, "__dso_handle"),
            offset(2, "__dso_handle"),
            jump("__cxa_atexit"),
        ],
        Body::AtQuickExit => vec![page(1, "__dso_handle"), offset(1, "__dso_handle"), jump("__cxa_at_quick_exit")],
        Body::AtFork => vec![page(3, "__dso_handle"), offset(3, "__dso_handle"), jump("__register_atfork")],
        Body::StackCheckFailed => vec![jump("__stack_chk_fail")],
        Body::Stat(name) => [STAT, &[jump(name)]].concat(),
        Body::StatAt(name) => [STAT_AT, &[jump(name)]].concat(),
        Body::MakeNode => MAKE_NODE.to_vec(),
        Body::MakeNodeAt => MAKE_NODE_AT.to_vec(),
    }
}

/// The kernel, or the loader, leaves a function to run at exit in x0 and the count of the arguments on top of the stack,
/// with the arguments behind it.
const ENTRY: &[Piece] = &[
    Instruction(0xd280_001d), // mov x29, #0: the outermost frame
    Instruction(0xd280_001e), // mov x30, #0
    Instruction(0xaa00_03e5), // mov x5, x0
    Instruction(0xf940_03e1), // ldr x1, [sp]: the count of arguments
    Instruction(0x9100_23e2), // add x2, sp, #8: the arguments
    Instruction(0x9100_03e6), // mov x6, sp: the end of the stack
];

const NO_CONSTRUCTORS: &[Piece] = &[
    Instruction(0xd280_0003), // mov x3, #0
    Instruction(0xd280_0004), // mov x4, #0
];

const PASS_CONSTRUCTORS: &[Piece] = &[
    page(3, "__libc_csu_init"),
    offset(3, "__libc_csu_init"),
    page(4, "__libc_csu_fini"),
    offset(4, "__libc_csu_fini"),
];

const CALL_LIBC: &[Piece] = &[
    Linked(0x9000_0000, elf::R_AARCH64_ADR_GOT_PAGE, "main"), // adrp x0, :got:main
    Linked(0xf940_0000, elf::R_AARCH64_LD64_GOT_LO12_NC, "main"), // ldr x0, [x0, :got_lo12:main]
    call("__libc_start_main"),
    call("abort"),
];

/// Calls each function of `.init_array` with the arguments of `main`.
const RUN_CONSTRUCTORS: &[Piece] = &[
    Instruction(0xa9bd_7bfd), // stp x29, x30, [sp, #-48]!
    Instruction(0x9100_03fd), // mov x29, sp
    Instruction(0xa901_53f3), // stp x19, x20, [sp, #16]
    Instruction(0xa902_5bf5), // stp x21, x22, [sp, #32]
    Instruction(0x2a00_03f3), // mov w19, w0
    Instruction(0xaa01_03f4), // mov x20, x1
    Instruction(0xaa02_03f5), // mov x21, x2
    page(22, "__init_array_start"),
    offset(22, "__init_array_start"),
    Instruction(0x1400_0006), // b check
    // next:
    Instruction(0xf840_86c3), // ldr x3, [x22], #8
    Instruction(0x2a13_03e0), // mov w0, w19
    Instruction(0xaa14_03e1), // mov x1, x20
    Instruction(0xaa15_03e2), // mov x2, x21
    Instruction(0xd63f_0060), // blr x3
    // check:
    page(3, "__init_array_end"),
    offset(3, "__init_array_end"),
    Instruction(0xeb03_02df), // cmp x22, x3
    Instruction(0x54ff_ff01), // b.ne next
    Instruction(0xa941_53f3), // ldp x19, x20, [sp, #16]
    Instruction(0xa942_5bf5), // ldp x21, x22, [sp, #32]
    Instruction(0xa8c3_7bfd), // ldp x29, x30, [sp], #48
    Instruction(0xd65f_03c0), // ret
];

/// Moves the arguments of `stat(path, buffer)` to those of `__xstat(0, path, buffer)`.
const STAT: &[Piece] = &[
    Instruction(0xaa01_03e2), // mov x2, x1
    Instruction(0xaa00_03e1), // mov x1, x0
    Instruction(0x5280_0000), // mov w0, #0
];

/// Moves the arguments of `fstatat(directory, path, buffer, flags)` to those of `__fxstatat(0, directory, path, buffer,
/// flags)`.
const STAT_AT: &[Piece] = &[
    Instruction(0x2a03_03e4), // mov w4, w3
    Instruction(0xaa02_03e3), // mov x3, x2
    Instruction(0xaa01_03e2), // mov x2, x1
    Instruction(0x2a00_03e1), // mov w1, w0
    Instruction(0x5280_0000), // mov w0, #0
];

/// `mknod(path, mode, device)` calls `__xmknod(0, path, mode, &device)`.
const MAKE_NODE: &[Piece] = &[
    Instruction(0xa9be_7bfd), // stp x29, x30, [sp, #-32]!
    Instruction(0x9100_03fd), // mov x29, sp
    Instruction(0xf900_0fe2), // str x2, [sp, #24]
    Instruction(0x9100_63e3), // add x3, sp, #24
    Instruction(0x2a01_03e2), // mov w2, w1
    Instruction(0xaa00_03e1), // mov x1, x0
    Instruction(0x5280_0000), // mov w0, #0
    call("__xmknod"),
    Instruction(0xa8c2_7bfd), // ldp x29, x30, [sp], #32
    Instruction(0xd65f_03c0), // ret
];

/// `mknodat(directory, path, mode, device)` calls `__xmknodat(0, directory, path, mode, &device)`.
const MAKE_NODE_AT: &[Piece] = &[
    Instruction(0xa9be_7bfd), // stp x29, x30, [sp, #-32]!
    Instruction(0x9100_03fd), // mov x29, sp
    Instruction(0xf900_0fe3), // str x3, [sp, #24]
    Instruction(0x9100_63e4), // add x4, sp, #24
    Instruction(0x2a02_03e3), // mov w3, w2
    Instruction(0xaa01_03e2), // mov x2, x1
    Instruction(0x2a00_03e1), // mov w1, w0
    Instruction(0x5280_0000), // mov w0, #0
    call("__xmknodat"),
    Instruction(0xa8c2_7bfd), // ldp x29, x30, [sp], #32
    Instruction(0xd65f_03c0), // ret
];
