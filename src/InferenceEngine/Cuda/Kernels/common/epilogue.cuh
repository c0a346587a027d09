#pragma once
// From an accumulator to what is stored: y = fma((float)acc, m, bias), activation, residual, code. The constants
// ACTIVATION, RESIDUAL and OUTPUT are given when the kernel is compiled; their values are those of GemmVariant.cs.
#include "common/elementwise.cuh"
#include "common/params.cuh"

#define ACTIVATION_NONE 0
#define ACTIVATION_GELU 1
#define ACTIVATION_TANH 2
#define OUTPUT_INT8 0
#define OUTPUT_INT16 1
#define OUTPUT_FLOAT 2

// `scaled` is fma((float)acc, m, bias); `residual` is read by the caller where RESIDUAL is 1.
__device__ __forceinline__ float finish(float scaled, float residual, int activation, bool add_residual) {
    if (activation == ACTIVATION_GELU) scaled = gelu_c(scaled);
    if (activation == ACTIVATION_TANH) scaled = tanh_c(scaled);
    return add_residual ? __fadd_rn(scaled, residual) : scaled;
}

// Stores one value as a code.
template <int TYPE> __device__ __forceinline__ void store_one(void* y, int64 index, float value, float inverse) {
    if (TYPE == OUTPUT_FLOAT) ((float*)y)[index] = value;
    else if (TYPE == OUTPUT_INT16) ((int16*)y)[index] = (int16)quantize(value, inverse, INT16_MAX_CODE);
    else ((int8*)y)[index] = (int8)quantize(value, inverse, INT8_MAX_CODE);
}

struct __align__(4) Codes8x4 { int8 c[4]; };
struct __align__(8) Codes16x4 { int16 c[4]; };

// Stores values [0, count) of four neighbours (1 <= count <= 4) at element `index` of y, as codes or floats. `index` is a multiple of 4.
template <int TYPE> __device__ __forceinline__ void store_four(void* y, int64 index, const float (&value)[4], const float (&inverse)[4], int count) {
    if (TYPE == OUTPUT_FLOAT) {
        float* out = (float*)y + index;
        if (count == 4) { *(float4*)out = make_float4(value[0], value[1], value[2], value[3]); return; }
        for (int i = 0; i < count; i++) out[i] = value[i];
    } else if (TYPE == OUTPUT_INT16) {
        Codes16x4 codes;
#pragma unroll
        for (int i = 0; i < 4; i++) codes.c[i] = (int16)quantize(value[i], inverse[i], INT16_MAX_CODE);
        int16* out = (int16*)y + index;
        if (count == 4) { *(Codes16x4*)out = codes; return; }
        for (int i = 0; i < count; i++) out[i] = codes.c[i];
    } else {
        Codes8x4 codes;
#pragma unroll
        for (int i = 0; i < 4; i++) codes.c[i] = (int8)quantize(value[i], inverse[i], INT8_MAX_CODE);
        int8* out = (int8*)y + index;
        if (count == 4) { *(Codes8x4*)out = codes; return; }
        for (int i = 0; i < count; i++) out[i] = codes.c[i];
    }
}

__device__ __forceinline__ void load_four(float (&value)[4], const float* p) {
    const float4 v = *(const float4*)p;
    value[0] = v.x; value[1] = v.y; value[2] = v.z; value[3] = v.w;
}
