// CUDA's words and the few device functions that the kernels use, for g++. Compiled with -ffp-contract=off: every
// operation is rounded once, as the intrinsics promise.
#pragma once
#include "block.h"
#include <algorithm>
#include <cmath>

#define QATKIT_EMULATION 1
#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(bytes) __attribute__((aligned(bytes)))
#define SHARED_DYNAMIC(name) unsigned char* const name = emulation::machine.block->shared
#define SHARED_ARRAY(type, name, count) \
    static char name##_key;             \
    type* const name = (type*)emulation::shared_array(&name##_key, sizeof(type) * (count))

#define threadIdx (emulation::machine.current->index)
#define blockIdx (emulation::machine.block->index)
#define gridDim (emulation::machine.grid)
#define blockDim (emulation::machine.block_size)
#define __syncthreads() emulation::barrier(__LINE__)

using std::max;
using std::min;

struct __align__(16) float4 { float x, y, z, w; };
struct __align__(16) uint4 { unsigned x, y, z, w; };
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fsqrt_rn(float a) { return std::sqrt(a); }
static inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
static inline float __int2float_rn(int a) { return (float)a; }
static inline float __ll2float_rn(long long a) { return (float)a; }
static inline int __float_as_int(float a) { int i; memcpy(&i, &a, 4); return i; }
static inline float __int_as_float(int a) { float f; memcpy(&f, &a, 4); return f; }

// Ties to even; saturates; NaN gives 0.
static inline int __float2int_rn(float a) {
    if (std::isnan(a)) return 0;
    if (a >= 2147483648.0f) return 2147483647;
    if (a <= -2147483648.0f) return -2147483647 - 1;
    return (int)std::nearbyint(a);
}

// Blocks run one after another, so there is nothing to order.
static inline void __threadfence() {}
static inline int atomicAdd(int* p, int value) { const int old = *p; *p = (int)((unsigned)old + (unsigned)value); return old; }
static inline unsigned atomicAdd(unsigned* p, unsigned value) { const unsigned old = *p; *p += value; return old; }
