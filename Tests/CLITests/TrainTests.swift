// SPDX-License-Identifier: Apache-2.0
// fmtlab train: its forms, its interruptions, its errors.

import Foundation
import Testing

@Suite struct TrainTests {
  /// What of a row does not depend on the clock.
  static func numbers(_ run: Run) -> [[String]] { csv(run.out).dropFirst().map { Array($0.prefix(8)) } }

  @Test func runHasThreeForms() throws {
    let command = "train --model logistic --epochs 2 --seed 5"
    let text = try succeed(command)
    #expect(text.lines.allSatisfy { $0.count <= 100 } && text.out.contains("policy     fp32: W, X and dY in fp32"))
    #expect(text.lines.suffix(2).map { $0.prefix(7) } == ["     1 ", "     2 "])
    let document = try succeed("\(command) --policy bf16 --json").json()
    document.check(
      [
        "schema": .text, "model": .text, "activation": .text, "softmax": .text, "data": .text, "method": .text, "policy": .record, "epochs": .count, "batch": .count,
        "rate": .number, "momentum": .number, "decay": .number, "schedule": .text, "seed": .count, "weights": .count, "macsPerImage": .count, "history": .list,
      ], "train")
    #expect(document["schema"] == .string("fmtlab.train/1") && document["seed"] == .number(5) && document["macsPerImage"] == .number(640))
    let rows = document["history"]!.items
    for row in rows {
      row.check(
        [
          "epoch": .count, "loss": .number, "accuracy": .number, "testLoss": .number, "testAccuracy": .number, "lossScale": .count, "skipped": .count,
          "macs": .count, "seconds": .number, "gmacs": .number,
        ], "epoch")
    }
    // Three products of 640, of which the first layer has two, for 1437 images, and one for 360.
    #expect(rows.count == 2 && rows[0]["macs"] == .number(Double(640 * (2 * 1437 + 360))))
    #expect(rows[1]["testAccuracy"]!.double! > 0.9)
    let table = try succeed("\(command) --policy bf16 --csv --threads 1")
    #expect(Self.numbers(table).map { Double($0[1])! } == rows.map { $0["loss"]!.double! })
  }

  /// Nine products an image in place of three, of which the first layer has six; and halp is SVRG unasked.
  @Test func methodsAreChosenOrFollowThePolicy() throws {
    let text = try succeed("train --model logistic --epochs 1 --method svrg")
    #expect(text.out.contains("optimiser  SVRG, rate 0.05 (cosine), momentum 0,") && text.lines.allSatisfy { $0.count <= 100 })
    let document = try succeed("train --model logistic --epochs 1 --policy halp --json").json()
    #expect(document["method"] == .string("svrg") && document["history"]!.items[0]["macs"] == .number(Double(640 * (6 * 1437 + 360))))
    #expect(document["policy"]!["offsetBits"] == .number(8) && document["policy"]!["strongConvexity"] == .number(1))
  }

  @Test func checkPrintsPredictionsAndVerdicts() throws {
    let text = try succeed("train --data digits --policy e5m2cfg5+e6m5 --check")
    #expect(text.lines.allSatisfy { $0.count <= 100 }, "\(text.lines.filter { $0.count > 100 })")
    let ids = ["train.product-error", "train.bound", "train.overflow", "train.flushed", "train.swallowed"]
    #expect(ids.allSatisfy { id in text.lines.contains { $0.hasPrefix(id) && $0.contains("agrees (") } }, "\(text.out)")
    let document = try succeed("train --model logistic --epochs 1 --policy e4m3fn+e6m5 --check --json").json()
    #expect(document["predictions"]!.items.map { $0["id"]!.text! } == ids)
    #expect(document["predictions"]!.items.flatMap { $0["findings"]!.items }.count { $0["verdict"] == .string("agrees") } >= 5, "\(document)")
  }

  /// Interrupted twice, by a signal and without warning, and gone on with: the numbers of a run that was left alone.
  @Test func interruptedRunsGoOnWithTheSameNumbers() throws {
    let scratch = try Scratch()
    let path = scratch.url("run.npz").path
    let command = "train --model lenet --epochs 6 --batch 16 --policy e5m2cfg5+e6m5 --csv"
    let whole = try succeed(command)
    let arguments = "\(command) --checkpoint \(path) --history \(scratch.url("h.jsonl").path)".split(separator: " ").map(String.init)

    func waitForCheckpoint(after date: Date?) throws {
      for _ in 0..<6000 {
        let now = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
        if let now, date == nil || now != date { return }
        usleep(5000)
      }
      Issue.record("no checkpoint within 30 s")
    }
    let first = try Scratch()
    let killed = try Tool.start(arguments, first)
    try waitForCheckpoint(after: nil)
    kill(killed.processIdentifier, SIGKILL)
    killed.waitUntilExit()
    #expect(try Tool.result(of: killed, arguments, first).status == -SIGKILL)
    // Nothing half written is left.
    #expect(try scratch.names.filter { $0.hasSuffix(".tmp") }.isEmpty && scratch.names.contains("run.npz"))

    let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    let second = try Scratch()
    let stopped = try Tool.start(arguments, second)
    try waitForCheckpoint(after: date)
    kill(stopped.processIdentifier, SIGTERM)
    stopped.waitUntilExit()
    let run = try Tool.result(of: stopped, arguments, second)
    if run.status == 75 {
      #expect(run.err.contains("going on from") && run.err.contains("run the same command again to go on"), "\(run.err)")
    } else {
      // (It was done before the signal came.)
      #expect(run.status == 0, "\(run.err)")
    }
    let last = try Tool.run(arguments)
    #expect(last.status == 0 && Self.numbers(last) == Self.numbers(whole), "\(last.err)\(last.out)\(whole.out)")
    let lines = try String(contentsOf: scratch.url("h.jsonl"), encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 6 && lines.allSatisfy { $0.hasPrefix("{\"accuracy\":") })
  }

  @Test func modelsHaveOptions() throws {
    let scratch = try Scratch()
    let path = scratch.url("run.npz").path
    let command = "train --epochs 1 --activation ktanh --softmax taylor2 --circulant 8"
    let text = try succeed("\(command) --checkpoint \(path)")
    #expect(text.out.contains("mlp: dense 128-96, ktanh, taylor2 softmax, circulant blocks of 8; 3530 weights"), "\(text.out)")
    let document = try succeed("\(command) --json").json()
    #expect(document["activation"] == .string("ktanh") && document["softmax"] == .string("taylor2") && document["circulant"] == .number(8))
    let other = try fmtlab("train --epochs 1 --activation tanh --softmax taylor4 --checkpoint \(path)")
    let differences = "activation ktanh there, tanh here, softmax taylor2 there, taylor4 here, circulant blocks of 8 there, none here"
    #expect(other.status == 65 && other.err.contains(differences), "\(other.err)")
  }

  /// Of the largest number 1.5: every step overflows forwards, which a dynamic loss scale cannot help.
  @Test func epochsWithoutAStepArePrinted() throws {
    let text = try succeed("train --model logistic --epochs 1 --policy e1m2+fp32")
    #expect(text.lines.last!.split(separator: " ").prefix(7) == ["1", "nan", "-", "nan", "0.00", "%", "2^-7"], "\(text.out)")
    #expect(try succeed("train --model logistic --epochs 1 --policy e1m2+fp32 --json").json()["history"]!.items[0]["loss"] == .string("nan"))
  }

  @Test func divergenceSaysWhatOverflowedWhere() throws {
    let run = try fmtlab("train --policy fp16+fp32 --loss-scale 2^40")
    #expect(run.status == 1 && run.err.contains("diverged in epoch 1, step 1: errors of classes in fp16: largest before rounding"), "\(run.err)")
  }

  @Test func shownPolicyIsReadBack() throws {
    let scratch = try Scratch()
    let shown = try succeed("train --policy hfp8 --show-policy")
    let path = try scratch.file("mine.json", shown.out.replacing("\"hfp8\"", with: "\"mine\""))
    #expect(try succeed("train --model logistic --epochs 1 --policy \(path)").out.contains("policy     mine: W in e4m3b11fnuz"))
    let bad = try scratch.file("bad.json", shown.out.replacing("lossScale", with: "lossScales"))
    let run = try fmtlab("train --policy \(bad)")
    #expect(run.status == 65 && run.err.contains("'lossScales': it is unknown; did you mean lossScale"), "\(run.err)")
  }

  @Test(arguments: [
    ("train --policy bogus", 64, "no policy 'bogus'"), ("train --policy nothing.json", 66, "cannot read nothing.json"),
    ("train --data /nowhere", 66, "there is no /nowhere/train-images-idx3-ubyte or .gz of it"), ("train --model foo", 64, "use one of logistic, mlp"),
    ("train --loss-scale 8", 64, "none of: none, 2^K"), ("train --epochs 0", 64, "--epochs '0'"), ("train --images 0", 64, "--images '0'"), ("train --rate -1", 64, "give a positive number"),
    ("train --checkpoint run.bin", 64, "ends in .npz"), ("train --checkpoint /nowhere/run.npz", 66, "cannot write"), ("train x", 64, "unexpected argument 'x'"),
    ("train --policy e4m3+q4.4@foo", 64, "'@foo' is neither"), ("train --schedule fast", 64, "use one of constant, cosine, steps"),
    ("train --method newton", 64, "use one of sgd, svrg"), ("train --policy halp --method sgd", 64, "give the method svrg"),
    ("train --activation selu", 64, "use one of relu, tanh, gelu, ktanh"), ("train --softmax taylor3", 64, "an even order N from 2 to 20"),
    ("train --softmax taylor22", 64, "an even order N from 2 to 20"), ("train --circulant 1", 64, "--circulant '1'"),
    ("train --circulant 65", 64, "give a block of 2 to 64"), ("train --model lenet --circulant 8", 64, "give --model mlp"),
    ("train --model logistic --activation tanh", 64, "logistic has no hidden layer"),
  ])
  func errorsSayWhatIsAllowed(line: String, status: Int32, words: String) throws {
    let run = try fmtlab(line)
    #expect(run.status == status && run.err.contains(words) && run.out.isEmpty, "\(run.status): \(run.err)")
  }
}
