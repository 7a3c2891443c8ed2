// SPDX-License-Identifier: Apache-2.0
// Everything in one import.

@_exported public import Accumulation
@_exported public import ErrorAnalysis
@_exported public import Formats
@_exported public import Lab
@_exported public import Multiprecision
@_exported public import Sweeps
@_exported public import Tensors
@_exported public import Training
