// swift-tools-version: 6.0
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A module of the library and the modules below it that it may import; CI rejects any other import.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

// `make docs` alone asks for the plugin that writes the documentation: who depends on the library, or builds and tests it, need not fetch it.
let documentation: [Package.Dependency] =
  Context.environment["FMTLAB_DOCUMENTATION"] == nil ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", exact: "1.5.0")]

let package = Package(
  name: "fmtlab",
  products: [
    .library(name: "FmtLab", targets: ["FmtLab"]),
    .executable(name: "fmtlab", targets: ["fmtlab-cli"]),
    .library(name: "fmtlabblas", type: .dynamic, targets: ["CBLAS"]),
    .library(name: "fmtlabemulation", type: .dynamic, targets: ["Emulation"]),
    .library(name: "fmtlabc", type: .dynamic, targets: ["Interface"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ] + documentation,
  targets: [
    .systemLibrary(name: "CMPFR", pkgConfig: "mpfr", providers: [.apt(["libmpfr-dev", "libgmp-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // Lowest layer first.
    .target(name: "CKernels", exclude: ["README.md"]),
    module("Formats", ["CKernels"]),
    module("Multiprecision", ["CMPFR", "Formats"]),
    module("Accumulation", ["CKernels", "Formats"]),
    module("ErrorAnalysis", ["Accumulation", "Formats"]),
    module("Tensors", ["CZlib"]),
    module("Lab", ["Accumulation", "ErrorAnalysis", "Formats", "Multiprecision", "Tensors"]),
    module("Training", ["Accumulation", "ErrorAnalysis", "Formats", "Lab", "Tensors"]),
    module("Sweeps", ["Accumulation", "ErrorAnalysis", "Formats", "Lab", "Tensors", "Training"]),
    module("FmtLab", ["Accumulation", "ErrorAnalysis", "Formats", "Lab", "Multiprecision", "Sweeps", "Tensors", "Training"]),

    .systemLibrary(name: "CEmulation"),
    .target(name: "CBLAS"),
    module("Emulation", ["Accumulation", "CEmulation", "CKernels", "Formats", "Lab", "Tensors"]),

    // The interface for C and Python.
    .systemLibrary(name: "CInterface"),
    module("Interface", ["Accumulation", "CInterface", "CKernels", "ErrorAnalysis", "Formats", "Lab"]),

    .executableTarget(
      name: "fmtlab-cli", dependencies: ["FmtLab", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: settings),
    .executableTarget(name: "bench", dependencies: ["FmtLab"], swiftSettings: settings),
    .executableTarget(name: "experiments", dependencies: ["FmtLab"], path: "experiments", exclude: ["training-runs.jsonl"], swiftSettings: settings),

    .target(name: "TestSupport", dependencies: ["Accumulation", "CMPFR", "Formats"], path: "Tests/TestSupport", swiftSettings: settings),
    tests("FormatsTests", ["Formats", "TestSupport"]),
    tests("MultiprecisionTests", ["CMPFR", "Formats", "Multiprecision", "TestSupport"]),
    tests("AccumulationTests", ["Accumulation", "CMPFR", "Formats", "TestSupport"]),
    tests("FmtLabTests", ["FmtLab", "fmtlab-cli"]),
    tests("TensorsTests", ["Tensors"]),
    tests("ErrorAnalysisTests", ["Accumulation", "ErrorAnalysis", "Formats", "TestSupport"]),
    .testTarget(name: "CLITests", dependencies: ["fmtlab-cli"], exclude: ["Snapshots"], swiftSettings: settings),
    tests("LabTests", ["Accumulation", "ErrorAnalysis", "Formats", "Lab", "Tensors"]),
    tests("TrainingTests", ["Accumulation", "Formats", "Training"]),
  ]
)
