// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT

import PackageDescription

// A package of its own, so that `swift build` of the server does not build it. It looks into the engine:
//   swift run -c release -Xswiftc -enable-testing --package-path Benchmarks/Engine EngineBenchmark
let package = Package(
    name: "EngineBenchmark",
    platforms: [.macOS("26.0")],
    dependencies: [.package(name: "luahttpd", path: "../..")],
    targets: [
        .executableTarget(name: "EngineBenchmark", dependencies: [.product(name: "LuaHTTP", package: "luahttpd")])
    ],
    swiftLanguageModes: [.v6]
)
