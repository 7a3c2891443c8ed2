// SPDX-License-Identifier: Apache-2.0
// The array type itself.

import Tensors
import Testing

@Suite struct TensorTests {
  @Test func aShapeWithoutExtentsIsOneNumber() {
    let tensor = Tensor(shape: [], elements: [1.5])
    #expect(tensor.rank == 0)
    #expect(tensor.elements == [1.5])
  }

  @Test(arguments: [[0], [0, 3], [3, 0], [Int.max, Int.max, 0]])
  func aZeroExtentMeansNoElements(shape: [Int]) {
    #expect(Tensor(shape: shape, elements: []).elements.isEmpty)
  }

  @Test func equalityIsThatOfNumbers() {
    #expect(Tensor(shape: [1], elements: [-0.0]) == Tensor(shape: [1], elements: [0.0]))
    #expect(Tensor(shape: [1], elements: [.nan]) != Tensor(shape: [1], elements: [.nan]))
    #expect(Tensor(shape: [2, 1], elements: [1, 2]) != Tensor(shape: [1, 2], elements: [1, 2]))
  }

  @Test(arguments: [
    ([2, 2], 3), ([], 0), ([-1], 1), ([Int.max, 2], 0), (Array(repeating: 1, count: 65), 1),
  ])
  func aShapeThatDoesNotFitIsACallersMistake(shape: [Int], count: Int) async {
    await #expect(processExitsWith: .failure) { [shape, count] in
      _ = Tensor(shape: shape, elements: Array(repeating: 0, count: count))
    }
  }
}
