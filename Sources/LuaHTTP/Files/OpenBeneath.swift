// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// openat2(2) with RESOLVE_BENEATH: the kernel itself refuses to leave the directory, by `..` or by a
/// link, without a race. Links that stay inside are followed.
enum OpenBeneath {
    /// `struct open_how` of <linux/openat2.h>.
    private struct How {
        var flags: UInt64
        var mode: UInt64 = 0
        var resolve: UInt64 = 0x08 | 0x02  // RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS
    }

    /// Whether the kernel has the call and lets this process make it (seccomp may not).
    static func works(in directory: Int32) -> Bool {
        #if os(Linux)
        guard case .success(let descriptor) = open([0x2E, 0], in: directory, O_DIRECTORY | O_CLOEXEC) else {
            return false
        }
        close(descriptor)
        return true
        #else
        return false
        #endif
    }

    /// Opens `path`, which ends in NUL.
    static func open(_ path: [UInt8], in directory: Int32, _ flags: Int32) -> Result<Int32, SystemError> {
        #if os(Linux)
        guard let call = systemCall else { return .failure(SystemError(code: ENOSYS)) }
        var how = How(flags: UInt64(UInt32(bitPattern: flags)))
        // EAGAIN: a directory above was renamed during the look-up; openat2(2) says to try again.
        for _ in 0..<8 {
            let result = call(openat2, Int(directory), path, &how, MemoryLayout<How>.size)
            if result >= 0 { return .success(Int32(truncatingIfNeeded: result)) }
            if errno != EAGAIN && errno != EINTR { return .failure(SystemError(code: errno)) }
        }
        return .failure(SystemError(code: EAGAIN))
        #else
        return .failure(SystemError(code: ENOSYS))
        #endif
    }

    #if os(Linux)
    /// The number of the call is the same on every architecture (it is newer than the common table).
    private static let openat2 = 437

    private typealias SystemCall =
        @convention(c) (
            Int, Int, UnsafePointer<UInt8>, UnsafeMutableRawPointer, Int
        ) -> Int

    /// libc has no function for openat2 (glibc before 2.43), and Swift does not import the variadic
    /// `syscall`.
    /// SAFETY: in the calling conventions of Linux (System V AMD64, AAPCS64, RISC-V) integer arguments of
    /// a variadic function travel as those of any other.
    private static let systemCall: SystemCall? = dlsym(nil, "syscall").map {
        unsafeBitCast($0, to: SystemCall.self)
    }
    #endif
}
