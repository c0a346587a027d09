#pragma once
// The functions of the numerics contract, operation by operation those of QatKit.Core.Numerics.ElementwiseFunctions and
// AffineQuantizer. A test compares the constants with the C# ones, another the results. Only operations with one
// IEEE rounding each are used: never a fast-math function, never a contraction that is not written.
#include "common/types.cuh"

constexpr float EXP2_C1 = 0.693147004f;
constexpr float EXP2_C2 = 0.240222424f;
constexpr float EXP2_C3 = 0.0555073358f;
constexpr float EXP2_C4 = 0.00967151299f;
constexpr float EXP2_C5 = 0.00132647238f;
constexpr float EXP2_MIN = -126.0f;
constexpr float ERF_MAX = 3.7f;
constexpr float ERF_SCALE = 0.146092027f;
constexpr float ERF_0 = 0.382137388f;
constexpr float ERF_1 = -0.190464675f;
constexpr float ERF_2 = 0.140802041f;
constexpr float ERF_3 = -0.112739064f;
constexpr float ERF_4 = 0.0904580429f;
constexpr float ERF_5 = -0.0696242824f;
constexpr float ERF_6 = 0.0522765294f;
constexpr float ERF_7 = -0.0392060801f;
constexpr float ERF_8 = 0.0234288387f;
constexpr float ERF_9 = -0.00877430756f;
constexpr float ERF_10 = 0.00690272823f;
constexpr float ERF_11 = -0.00824339781f;
constexpr float ERF_12 = 0.00331659149f;
constexpr float SQRT_HALF = 0.707106769f;
constexpr float MINUS_TWO_LOG2E = -2.88539004f;
constexpr int INT8_MAX_CODE = 127;
constexpr int INT16_MAX_CODE = 32767;
constexpr float PROBABILITY_MAX = 255.0f;
constexpr int NORM_FIXED_MAX = 1048575;
constexpr float TO_INTEGER = 12582912.0f;         // 1.5 * 2^23: added to |t| < 2^22 it leaves the nearest integer, ties to even, in the lowest bits
constexpr float TO_POSITIVE_INTEGER = 8388608.0f; // 2^23: the same for 0 <= t < 2^23

// 2^f for f in [-0.5, 0.5].
__device__ __forceinline__ float exp2_fraction(float f) {
    float p = __fmaf_rn(EXP2_C5, f, EXP2_C4);
    p = __fmaf_rn(p, f, EXP2_C3);
    p = __fmaf_rn(p, f, EXP2_C2);
    p = __fmaf_rn(p, f, EXP2_C1);
    return __fmaf_rn(p, f, 1.0f);
}

// 2^t for t in [-126, 0]; smaller t count as -126.
__device__ __forceinline__ float exp2_c(float t) {
    t = fmaxf(t, EXP2_MIN);
    const float n = rintf(t);
    const float p = exp2_fraction(__fsub_rn(t, n)); // the difference is exact
    return __fmul_rn(p, __int_as_float((__float2int_rn(n) + 127) << 23));
}

__device__ __forceinline__ float erf_c(float z) {
    const float a = fminf(fmaxf(z, -ERF_MAX), ERF_MAX);
    const float w = __fmaf_rn(__fmul_rn(a, a), ERF_SCALE, -1.0f);
    float p = ERF_12;
    p = __fmaf_rn(p, w, ERF_11);
    p = __fmaf_rn(p, w, ERF_10);
    p = __fmaf_rn(p, w, ERF_9);
    p = __fmaf_rn(p, w, ERF_8);
    p = __fmaf_rn(p, w, ERF_7);
    p = __fmaf_rn(p, w, ERF_6);
    p = __fmaf_rn(p, w, ERF_5);
    p = __fmaf_rn(p, w, ERF_4);
    p = __fmaf_rn(p, w, ERF_3);
    p = __fmaf_rn(p, w, ERF_2);
    p = __fmaf_rn(p, w, ERF_1);
    p = __fmaf_rn(p, w, ERF_0);
    return fminf(fmaxf(__fmul_rn(p, a), -1.0f), 1.0f);
}

__device__ __forceinline__ float gelu_c(float x) {
    return __fmul_rn(__fmul_rn(0.5f, x), __fadd_rn(1.0f, erf_c(__fmul_rn(x, SQRT_HALF))));
}

__device__ __forceinline__ float tanh_c(float x) {
    const float e = exp2_c(__fmul_rn(fabsf(x), MINUS_TWO_LOG2E));
    return copysignf(__fdiv_rn(__fsub_rn(1.0f, e), __fadd_rn(1.0f, e)), x);
}

// rint(x * inverse), saturated.
__device__ __forceinline__ int nearest_code(float x, float inverse) { return __float2int_rn(__fmul_rn(x, inverse)); }

// clamp(rint(x * inverse), -max, max). Rounding to int saturates, so clamping after it gives the same codes.
__device__ __forceinline__ int quantize(float x, float inverse, int max_code) { return min(max(nearest_code(x, inverse), -max_code), max_code); }

// rint(255 * exp2_c(t)) for t <= 0: a code in 0..255. Attention takes one for each pair of tokens, and conversions have a unit of their own,
// far slower than that of additions: so integers are made by additions, and 2^n by adding n to the exponent. Where that is not exp2_c's product, below
// 2^-126, both are code 0. A test compares.
__device__ __forceinline__ int exponential_code(float t) {
    t = fmaxf(t, EXP2_MIN);
    const float n = __fadd_rn(t, TO_INTEGER);
    const float p = exp2_fraction(__fsub_rn(t, __fsub_rn(n, TO_INTEGER)));
    const float e = __int_as_float(__float_as_int(p) + (__float_as_int(n) << 23));
    return __float_as_int(__fadd_rn(__fmul_rn(PROBABILITY_MAX, e), TO_POSITIVE_INTEGER)) & 255;
}

// The code of a score: exponential_code((float)delta * m) for delta = score - maximum <= 0.
__device__ __forceinline__ int probability_code(int delta, float score_multiplier) {
    return exponential_code(__fmul_rn(__int2float_rn(delta), score_multiplier));
}
