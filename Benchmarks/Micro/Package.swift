// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT

import PackageDescription

// A package of its own, so that `swift build` of the server does not build it. It looks into the library:
//   swift run -c release -Xswiftc -enable-testing --package-path Benchmarks/Micro MicroBenchmark
let package = Package(
    name: "MicroBenchmark",
    platforms: [.macOS("26.0")],
    dependencies: [
        .package(name: "luahttpd", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
    ],
    targets: [
        .executableTarget(
            name: "MicroBenchmark",
            dependencies: [
                .product(name: "LuaHTTP", package: "luahttpd"),
                .product(name: "NIOCore", package: "swift-nio"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
