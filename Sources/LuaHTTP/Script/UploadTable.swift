// SPDX-License-Identifier: MIT

/// The fields and files of a multipart form as the tables that scripts see.
enum UploadTable {
    /// Pushes `req.form`. [-0, +1]
    static func push(_ fields: [FormContent.Field], on stack: LuaStack) {
        var table = ValuesTable(count: fields.count, on: stack)
        for field in fields {
            field.name.withUnsafeBytes { name in
                table.add(name) { _ = field.value.withUnsafeBytes { stack.push($0) } }
            }
        }
        table.finish()
    }

    /// Pushes `req.files`. `request`: index of the request table. [-0, +1]
    static func push(_ files: [FormContent.File], of request: Int32, on stack: LuaStack) {
        let request = stack.absolute(request)
        var table = ValuesTable(count: files.count, on: stack)
        for (index, file) in files.enumerated() {
            file.name.withUnsafeBytes { name in
                table.add(name) { push(file, number: index + 1, of: request, on: stack) }
            }
        }
        table.finish()
    }

    /// Fields that may be shown; what the methods need is in a metatable of the file's own.
    private static func push(_ file: FormContent.File, number: Int, of request: Int32, on stack: LuaStack) {
        stack.pushTable(fields: 4)
        _ = file.name.withUnsafeBytes { stack.push($0) }
        stack.setField("name", of: -2)
        _ = file.filename.withUnsafeBytes { stack.push($0) }
        stack.setField("filename", of: -2)
        _ = file.type.withUnsafeBytes { stack.push($0) }
        stack.setField("type", of: -2)
        stack.push(file.size)
        stack.setField("size", of: -2)
        stack.pushTable(fields: 6)
        stack.pushMetatable(of: .upload)
        for field: StaticString in ["__index", "__name"] {
            stack.getField(field, of: -1)
            stack.setField(field, of: -3)
        }
        stack.pop()
        stack.pushCopy(of: request)
        stack.setField("request", of: -2)
        stack.push(Int64(number))
        stack.setField("number", of: -2)
        stack.setMetatable(of: -2)
    }
}
