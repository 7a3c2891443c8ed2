// SPDX-License-Identifier: Apache-2.0
// A sweep as jobs of Slurm: an array with a task a shard, and the merge after it.

internal import Glibc

/// The scripts of a sweep on a cluster whose machines share its directory.
public struct SlurmScripts: Sendable {
  /// The script that submits both.
  public let array, merge, submit: String

  /// - Parameters:
  ///   - shards: tasks of the array.
  ///   - limit: tasks that may run at once; `nil` for all.
  ///   - options: of sbatch, a line each: `--time=2:00:00`.
  ///   - program: the path of fmtlab, as the machines see it.
  ///   - output: where the merged table goes.
  ///
  /// All paths are absolute and without line breaks.
  public init(directory: String, shards: Int, limit: Int?, options: [String], program: String, output: String) {
    let (sweep, scripts) = (quoted(directory), "\(directory)/slurm")
    func head(_ name: String, _ lines: [String]) -> String {
      (["#!/bin/sh", "#SBATCH --job-name=\(name)"] + (lines + options).map { "#SBATCH \($0)" }).joined(separator: "\n") + "\n"
    }
    array = head("fmtlab-sweep", [
      "--array=1-\(shards)" + (limit.map { "%\($0)" } ?? ""), "--output=\"\(scripts)/%A_%a.log\"", "--open-mode=append", "--requeue",
      // A minute before the time is up training runs are told to write their checkpoints.
      "--signal=B:TERM@60",
    ]) + """
      exec \(quoted(program)) sweep run \(sweep) --shard "$SLURM_ARRAY_TASK_ID/\(shards)" --resume --threads "${SLURM_CPUS_PER_TASK:-1}"

      """
    merge = head("fmtlab-merge", ["--output=\"\(scripts)/merge_%j.log\""]) + "exec \(quoted(program)) sweep merge \(sweep) -o \(quoted(output))\n"
    submit = """
      #!/bin/sh
      # Submits the tasks and, for when all of them have succeeded, the merge. Again after a failure: what is done stays done.
      set -e
      array=$(sbatch --parsable \(quoted("\(scripts)/array.sbatch")))
      sbatch --dependency="afterok:${array%%;*}" --kill-on-invalid-dep=yes \(quoted("\(scripts)/merge.sbatch"))

      """
  }

  /// Writes `slurm/array.sbatch`, `merge.sbatch` and `submit.sh` into the sweep's directory.
  ///
  /// - Throws: `SweepError.file`.
  public func write(into sweep: SweepDirectory) throws(SweepError) {
    let directory = "\(sweep.path)/slurm"
    try SweepDirectory.makeDirectory(directory)
    for (name, text) in [("array.sbatch", array), ("merge.sbatch", merge), ("submit.sh", submit)] {
      try SweepDirectory.write("\(directory)/\(name)", text)
      chmod("\(directory)/\(name)", 0o755)
    }
  }
}

/// A word of a shell's command line.
private func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
