// SPDX-License-Identifier: MIT

internal import NIOCore

/// Finds what the path of a request names in a mount: a file in its forms, or a directory. Looks at the disk; knows
/// no request and no answer.
struct StaticLookup {
    /// A file or a compressed neighbour of it.
    struct Form: Equatable {
        let coding: AnswerCoding
        /// Below the mount, NUL at its end.
        let path: [UInt8]
        let status: FileStatus
    }

    struct Found: ~Copyable {
        let file: OpenFile
        let path: StaticPath
        /// The file itself first.
        let forms: [Form]
    }

    enum Outcome: ~Copyable {
        case file(Found)
        case redirect
        /// Without an index file; the path ends in a slash or is empty.
        case directory([UInt8])
        case notFound
        case forbidden
        case failed(Int32)
    }

    let mount: StaticMount

    func find(_ path: StaticPath) -> Outcome {
        guard path.isIndex else { return open(path) }
        for name in mount.index {
            switch open(path.withIndex(name)) {
            case .notFound: continue
            case let found: return found
            }
        }
        return mount.hasListing ? .directory(path.directory) : .notFound
    }

    private func open(_ path: StaticPath) -> Outcome {
        switch mount.root.open(path) {
        case .file(let file):
            let forms = forms(of: path, file.status)
            return .file(Found(file: file, path: path, forms: forms))
        case .directory: return .redirect
        case .notFound: return .notFound
        case .forbidden: return .forbidden
        case .failed(let code): return .failed(code)
        }
    }

    /// Seconds that a compressed file may be older than its original: copying a tree keeps no order.
    private static let tolerance: Int64 = 2

    /// An older neighbour is left over from another version of the file.
    private func forms(of path: StaticPath, _ status: FileStatus) -> [Form] {
        var forms = [Form(coding: .identity, path: path.bytes, status: status)]
        guard mount.isPrecompressed else { return forms }
        for coding in AnswerCoding.allCases {
            let suffix = coding.fileExtension
            guard suffix.utf8CodeUnitCount > 0 else { continue }
            var neighbour = Array(path.bytes.dropLast())
            neighbour += UnsafeBufferPointer(start: suffix.utf8Start, count: suffix.utf8CodeUnitCount)
            neighbour.append(0)
            guard let found = mount.root.status(of: neighbour),
                found.modified >= status.modified - Self.tolerance
            else { continue }
            forms.append(Form(coding: coding, path: neighbour, status: found))
        }
        return forms
    }
}
