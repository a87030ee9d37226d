// SPDX-License-Identifier: MIT

/// A multipart body in the making, with the boundary "b".
struct MultipartText {
    private(set) var text = ""

    func field(_ name: String, _ value: String) -> MultipartText {
        adding("Content-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n")
    }

    func file(_ name: String, _ filename: String, _ content: String, type: String = "text/plain")
        -> MultipartText
    {
        adding(
            "Content-Disposition: form-data; name=\"\(name)\"; filename=\"\(filename)\"\r\n"
                + "Content-Type: \(type)\r\n\r\n\(content)\r\n")
    }

    /// With its last boundary.
    var body: String { text + "--b--\r\n" }

    static let type = "multipart/form-data; boundary=b"

    private func adding(_ part: String) -> MultipartText {
        var copy = self
        copy.text += "--b\r\n" + part
        return copy
    }
}
