# SPDX-License-Identifier: Apache-2.0
# Calls BLAS as programs do, by its Fortran and CBLAS names; for `fmtlab run`, whose results are then held to `fmtlab gemm`.
#
#   blas.py call OUT.npz                          every function, with every transpose, alpha, beta, stride and leading dimension
#   blas.py check OUT.npz FMTLAB FORMAT ACC       the results are those of `fmtlab gemm`, and of each other
import ctypes
import itertools
import subprocess
import sys
import tempfile

import numpy as np

M, N, K = 7, 5, 11
ALPHAS, BETAS = [1.0, -0.3125, 0.7], [0.0, 1.0, -1.7]
blas = ctypes.CDLL(None) if hasattr(ctypes.CDLL(None), "sgemm_") else ctypes.CDLL("libblas.so.3", mode=ctypes.RTLD_GLOBAL)
ROW, COLUMN = 101, 102
CODES = {"N": 111, "T": 112, "C": 113, "U": 121, "L": 122, "n": 131, "u": 132, "l": 141, "r": 142}


def inputs(kind):
    rng = np.random.default_rng(7)
    return {name: rng.standard_normal(shape).astype(kind) for name, shape in
            [("a", (M, K)), ("b", (K, N)), ("c", (M, N)), ("s", (M, M)), ("x", (K,)), ("y", (M,)), ("d", (M, M))]}


def by_reference(x):
    if isinstance(x, str):
        return ctypes.byref(ctypes.c_char(x.upper().encode()))
    if isinstance(x, int):
        return ctypes.byref(ctypes.c_int(x))
    return x


def number(kind, x):
    return (ctypes.c_float if kind == np.float32 else ctypes.c_double)(x)


def fortran(name, *arguments):
    getattr(blas, name + "_")(*[ctypes.byref(x) if isinstance(x, (ctypes.c_float, ctypes.c_double)) else by_reference(x) for x in arguments])


def cblas(name, *arguments):
    getattr(blas, "cblas_" + name)(*[CODES[x] if isinstance(x, str) else x for x in arguments])


def stored(x, order, extra):
    """x in memory of this order, with a leading dimension that is larger by `extra`; the memory and the leading dimension."""
    x = x if order == ROW else x.T
    memory = np.full((x.shape[0], x.shape[1] + extra), np.nan, x.dtype)
    memory[:, : x.shape[1]] = x
    return memory, memory.shape[1]


def read(memory, order, columns):
    x = memory[:, :columns]
    return x.copy() if order == ROW else x.T.copy()


def pointer(x):
    return x.ctypes.data_as(ctypes.c_void_p)


def strided(x, stride):
    """x with a stride; from the end if that is negative."""
    memory = np.full(1 + (len(x) - 1) * abs(stride), np.nan, x.dtype)
    memory[:: abs(stride)] = x if stride > 0 else x[::-1]
    return memory


def unstrided(memory, stride):
    x = memory[:: abs(stride)]
    return (x if stride > 0 else x[::-1]).copy()


def call_all():
    results = {}
    for kind, p in [(np.float32, "s"), (np.float64, "d")]:
        v = inputs(kind)
        num = lambda x: number(kind, x)
        flip = lambda x, t: x if t == "N" else np.ascontiguousarray(x.T)
        for style, alpha, beta, extra in itertools.product(["fortran", "row", "column"], ALPHAS, BETAS, [0, 3]):
            order = ROW if style == "row" else COLUMN
            tag = f"{style}/{alpha}/{beta}/{extra}"
            do = (lambda name, *a: fortran(p + name, *a)) if style == "fortran" else (lambda name, *a: cblas(p + name, order, *a))
            for ta, tb in itertools.product("NTC", "NTC"):
                (a, lda), (b, ldb), (c, ldc) = stored(flip(v["a"], ta), order, extra), stored(flip(v["b"], tb), order, extra), stored(v["c"], order, extra)
                do("gemm", ta, tb, M, N, K, num(alpha), pointer(a), lda, pointer(b), ldb, num(beta), pointer(c), ldc)
                results[f"{p}gemm/{ta}{tb}/{tag}"] = read(c, order, N if order == ROW else M)
            stride = {0: 1, 3: -2}[extra]
            for t in "NT":
                (a, lda), x, y = stored(flip(v["a"], t), order, extra), strided(v["x"], stride), strided(v["y"], stride)
                rows, columns = (M, K) if t == "N" else (K, M)
                do("gemv", t, rows, columns, num(alpha), pointer(a), lda, pointer(x), stride, num(beta), pointer(y), stride)
                results[f"{p}gemv/{t}/{tag}"] = unstrided(y, stride)
                for uplo in "UL":
                    (a, lda), (d, ldd) = stored(flip(v["a"], t), order, extra), stored(v["d"], order, extra)
                    do("syrk", uplo, t, M, K, num(alpha), pointer(a), lda, num(beta), pointer(d), ldd)
                    results[f"{p}syrk/{uplo}{t}/{tag}"] = read(d, order, M)
            for uplo in "UL":
                triangle = np.triu(v["s"]) if uplo == "U" else np.tril(v["s"])
                triangle = np.where(triangle == 0, np.nan, triangle).astype(kind)
                (s, lds), (c, ldc), (d, ldd) = stored(triangle, order, extra), stored(v["c"], order, extra), stored(v["c"] * kind(0.5), order, extra)
                do("symm", "l", uplo, M, N, num(alpha), pointer(s), lds, pointer(c), ldc, num(beta), pointer(d), ldd)
                results[f"{p}symm/l{uplo}/{tag}"] = read(d, order, N if order == ROW else M)
                y, z = strided(v["y"], stride), strided(v["y"] * kind(0.5), stride)
                do("symv", uplo, M, num(alpha), pointer(s), lds, pointer(y), stride, num(beta), pointer(z), stride)
                results[f"{p}symv/{uplo}/{tag}"] = unstrided(z, stride)
                for t, diagonal in itertools.product("NT", "nu"):
                    (c, ldc) = stored(v["c"], order, extra)
                    letter = {"n": "N", "u": "U"}[diagonal] if style == "fortran" else diagonal
                    do("trmm", "l", uplo, t, letter, M, N, num(alpha), pointer(s), lds, pointer(c), ldc)
                    results[f"{p}trmm/{uplo}{t}{diagonal}/{tag}"] = read(c, order, N if order == ROW else M)
            y, x, (r, ldr) = strided(v["y"], stride), strided(v["x"], stride), stored(v["a"], order, extra)
            do("ger", M, K, num(alpha), pointer(y), stride, pointer(x), stride, pointer(r), ldr)
            results[f"{p}ger/{tag}"] = read(r, order, K if order == ROW else M)
        for stride in [1, -2]:
            x, y = strided(v["x"], stride), strided(v["a"][0].copy(), 1)
            ways = [("fortran", getattr(blas, p + "dot_"), [by_reference(K), pointer(x), by_reference(stride), pointer(y), by_reference(1)]),
                    ("cblas", getattr(blas, f"cblas_{p}dot"), [K, pointer(x), stride, pointer(y), 1])]
            for name, function, arguments in ways:
                function.restype = ctypes.c_float if kind == np.float32 else ctypes.c_double
                results[f"{p}dot/{name}/{stride}"] = np.array([function(*arguments)], kind)
    # NumPy's own way to the same functions.
    v = inputs(np.float32)
    results["numpy/matmul"], results["numpy/transposed"] = v["a"] @ v["b"], (v["b"].T @ v["a"].T).T.copy()
    return results


def check(path, fmtlab, form, acc):
    results = np.load(path)
    wrong, seen = [], 0

    def product(x, y, kind):
        """The emulated product, from the command line."""
        with tempfile.TemporaryDirectory() as directory:
            for name, z in [("x", x), ("y", y)]:
                np.save(f"{directory}/{name}.npy", np.ascontiguousarray(z))
            command = [fmtlab, "gemm", f"{directory}/x.npy", f"{directory}/y.npy", "--format", form, "--acc", acc, "-o", f"{directory}/z.npy", "--quiet"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            return np.load(f"{directory}/z.npy").astype(kind)

    def combined(p, alpha, beta, c):
        p = p if alpha == 1 else p.dtype.type(alpha) * p
        return p if beta == 0 else p + c if beta == 1 else p + p.dtype.type(beta) * c

    def expect(name, value, part=None):
        nonlocal seen
        seen += 1
        found = results[name]
        bits = np.uint32 if found.dtype == np.float32 else np.uint64
        same = found.view(bits) == np.ascontiguousarray(value.astype(found.dtype)).view(bits)
        if not (same if part is None else same[part]).all():
            wrong.append(name)

    products = {}
    for kind, p in [(np.float32, "s"), (np.float64, "d")]:
        v = inputs(kind)
        upper, lower = np.triu(v["s"]), np.tril(v["s"])
        symmetric = {"U": upper + np.triu(upper, 1).T, "L": lower + np.tril(lower, -1).T}
        half = v["c"] * kind(0.5), v["y"] * kind(0.5)

        def known(name, x, y):
            if (p, name) not in products:
                products[p, name] = product(x, y, kind)
            return products[p, name]

        for name in results.files:
            function, *rest = name.split("/")
            if function[0] != p or function == "numpy" or function.endswith("dot"):
                continue
            which = rest[0] if function[1:] != "ger" else ""
            style, alpha, beta, extra = rest[-4:]
            alpha, beta, operation = float(alpha), float(beta), function[1:]
            if operation == "gemm":
                expect(name, combined(known("ab", v["a"], v["b"]), alpha, beta, v["c"]))
            elif operation == "gemv":
                expect(name, combined(known("ax", v["a"], v["x"][:, None]), alpha, beta, v["y"][:, None])[:, 0])
            elif operation == "syrk":
                upper = np.triu(np.ones((M, M), bool)) if which[0] == "U" else np.tril(np.ones((M, M), bool))
                value = combined(known("aa", v["a"], v["a"].T), alpha, beta, v["d"])
                expect(name, np.where(upper, value, v["d"]))
            elif operation == "symm":
                expect(name, combined(known("s" + which, symmetric[which[1]], v["c"]), alpha, beta, half[0]))
            elif operation == "symv":
                expect(name, combined(known("v" + which, symmetric[which], v["y"][:, None]), alpha, beta, half[1][:, None])[:, 0])
            elif operation == "trmm":
                t = np.triu(v["s"]) if which[0] == "U" else np.tril(v["s"])
                if which[2] == "u":
                    np.fill_diagonal(t, 1)
                expect(name, combined(known("t" + which, t if which[1] == "N" else t.T, v["c"]), alpha, 0, None))
            elif operation == "ger":
                expect(name, combined(known("yx", v["y"][:, None], v["x"][None, :]), alpha, 1, v["a"]))
        for name in ["fortran", "cblas"]:
            for stride in [1, -2]:
                expect(f"{p}dot/{name}/{stride}", known("dot", v["x"][None, :], v["a"][0][:, None])[0])
    v = inputs(np.float32)
    for name in ["numpy/matmul", "numpy/transposed"]:
        expect(name, products["s", "ab"])
    print(f"{seen - len(wrong)} of {seen} results are those of fmtlab gemm")
    for name in wrong[:20]:
        print("wrong:", name)
    return 1 if wrong or seen < 500 else 0


if __name__ == "__main__":
    if sys.argv[1] == "call":
        np.savez(sys.argv[2], **call_all())
    else:
        sys.exit(check(*sys.argv[2:6]))
