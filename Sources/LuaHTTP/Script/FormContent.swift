// SPDX-License-Identifier: MIT

/// What a multipart form held, as scripts see it; the bytes of its files are elsewhere.
struct FormContent {
    struct Field {
        let name: [UInt8]
        var value: [UInt8] = []
    }

    struct File {
        let name: [UInt8]
        /// As it may be shown.
        let filename: [UInt8]
        let type: [UInt8]
        var size: Int64 = 0
    }

    var fields: [Field] = []
    var files: [File] = []
}

/// Where the body of a request is when a script asks for it.
enum BodyContent {
    /// In memory, as it was sent.
    case collected
    case form(FormContent)
    /// Read by the script itself, piece by piece.
    case stream
}
