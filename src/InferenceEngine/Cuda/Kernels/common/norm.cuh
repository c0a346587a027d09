#pragma once
// Integer LayerNorm of one row by one block of THREADS threads; HIDDEN is the row's length. Statistics are integer sums,
// so the threads may share the row in any way. |r_fix| < 2^20 and H <= 2048: S2 < 2^51, V = H S2 - S1^2 < 2^62.
#include "common/elementwise.cuh"
#include "common/params.cuh"
#include "common/ptx.cuh"

constexpr int NORM_ITEMS = divide_up(HIDDEN, THREADS); // elements of a thread: column = i * THREADS + threadIdx.x
constexpr int NORM_WARPS = THREADS / WARP;

// clamp(rint(r * 2^k), +-(2^20 - 1))
__device__ __forceinline__ int to_fixed(float r, float grid) {
    return min(max(__float2int_rn(__fmul_rn(r, grid)), -NORM_FIXED_MAX), NORM_FIXED_MAX);
}

// Sum of both values over the block; every thread gets it.
__device__ __forceinline__ void block_sum(int64& a, int64& b) {
    SHARED_ARRAY(int64, sums, 2 * NORM_WARPS);
#pragma unroll
    for (int mask = WARP / 2; mask > 0; mask /= 2) {
        a += shuffle_xor(a, mask);
        b += shuffle_xor(b, mask);
    }
    if (threadIdx.x % WARP == 0) {
        sums[threadIdx.x / WARP * 2] = a;
        sums[threadIdx.x / WARP * 2 + 1] = b;
    }
    __syncthreads();
    a = b = 0;
    for (int w = 0; w < NORM_WARPS; w++) {
        a += sums[w * 2];
        b += sums[w * 2 + 1];
    }
}

// r[i]: this thread's elements of the residual row (those past HIDDEN are ignored). Stores h and its codes.
__device__ __forceinline__ void normalize_row(const LayerNormParams& p, int row, const float (&r)[NORM_ITEMS]) {
    int fixed[NORM_ITEMS];
    int64 s1 = 0, s2 = 0;
#pragma unroll
    for (int i = 0; i < NORM_ITEMS; i++) {
        const bool inside = i * THREADS + (int)threadIdx.x < HIDDEN;
        fixed[i] = inside ? to_fixed(r[i], p.grid) : 0;
        s1 += fixed[i];
        s2 += (int64)fixed[i] * fixed[i];
    }
    block_sum(s1, s2);
    const float v = __ll2float_rn(HIDDEN * s2 - s1 * s1);
    const float rs = __fdiv_rn(1.0f, __fsqrt_rn(__fadd_rn(v, p.epsilon)));
#pragma unroll
    for (int i = 0; i < NORM_ITEMS; i++) {
        const int column = i * THREADS + threadIdx.x;
        if (column >= HIDDEN) continue;
        const float n = __ll2float_rn((int64)HIDDEN * fixed[i] - s1);
        const float h = __fmaf_rn(__fmul_rn(n, rs), p.gamma[column], p.beta[column]);
        p.h[(int64)row * p.pitch + column] = h;
        if (p.codes8) p.codes8[(int64)row * p.codes8_pitch + column] = (int8)quantize(h, p.inverse8, INT8_MAX_CODE);
        if (p.codes16) p.codes16[(int64)row * p.codes16_pitch + column] = (int16)quantize(h, p.inverse16, INT16_MAX_CODE);
    }
}
