#pragma once
// From an accumulator to what is stored: y = fma((float)acc, m, bias), activation, residual, code. The constants
// ACTIVATION, RESIDUAL and OUTPUT are given when the kernel is compiled; their values are those of GemmVariant.cs.
#include "common/elementwise.cuh"
#include "common/params.cuh"
#include "common/ptx.cuh"

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

// What an output is made of.
template <int TYPE> struct Element { typedef int8 type; };
template <> struct Element<OUTPUT_INT16> { typedef int16 type; };
template <> struct Element<OUTPUT_FLOAT> { typedef float type; };

// Four neighbours: one word of memory.
template <int TYPE> struct __align__(4 * sizeof(typename Element<TYPE>::type)) Four { typename Element<TYPE>::type e[4]; };
template <> struct Four<OUTPUT_INT8> { uint32 bytes; };

// A value as it is stored: itself, or its code.
template <int TYPE> __device__ __forceinline__ typename Element<TYPE>::type encode(float value, float inverse) {
    if constexpr (TYPE == OUTPUT_FLOAT) return value;
    else if constexpr (TYPE == OUTPUT_INT16) return (int16)quantize(value, inverse, INT16_MAX_CODE);
    else return (int8)quantize(value, inverse, INT8_MAX_CODE);
}

template <int TYPE> __device__ __forceinline__ Four<TYPE> encode_four(const float (&value)[4], const float (&inverse)[4]) {
    Four<TYPE> four;
    if constexpr (TYPE == OUTPUT_INT8) {
        int code[4]; // the upper limit is the packing's
#pragma unroll
        for (int i = 0; i < 4; i++) code[i] = max(nearest_code(value[i], inverse[i]), -INT8_MAX_CODE);
        four.bytes = pack_saturated(code[0], code[1], code[2], code[3]);
    } else {
#pragma unroll
        for (int i = 0; i < 4; i++) four.e[i] = encode<TYPE>(value[i], inverse[i]);
    }
    return four;
}

// Element `index` of y, as codes or floats.
template <int TYPE> __device__ __forceinline__ typename Element<TYPE>::type* element_of(void* y, int64 index) {
    return (typename Element<TYPE>::type*)y + index;
}

// Stores one value.
template <int TYPE> __device__ __forceinline__ void store_one(void* y, int64 index, float value, float inverse) {
    *element_of<TYPE>(y, index) = encode<TYPE>(value, inverse);
}

// Stores four neighbours as one word; `index` is a multiple of 4.
template <int TYPE> __device__ __forceinline__ void store_whole(void* y, int64 index, const Four<TYPE>& four) {
    if constexpr (TYPE == OUTPUT_FLOAT) *(float4*)element_of<TYPE>(y, index) = make_float4(four.e[0], four.e[1], four.e[2], four.e[3]);
    else *(Four<TYPE>*)element_of<TYPE>(y, index) = four;
}

// One of four neighbours.
template <int TYPE> __device__ __forceinline__ typename Element<TYPE>::type element(const Four<TYPE>& four, int i) {
    if constexpr (TYPE == OUTPUT_INT8) return (int8)(four.bytes >> (8 * i));
    else return four.e[i];
}

// Stores the first `count` of four neighbours.
template <int TYPE> __device__ __forceinline__ void store_part(void* y, int64 index, const Four<TYPE>& four, int count) {
#pragma unroll
    for (int i = 0; i < 4; i++)
        if (i < count) element_of<TYPE>(y, index)[i] = element(four, i);
}

__device__ __forceinline__ void load_four(float (&value)[4], const float* p) {
    const float4 v = *(const float4*)p;
    value[0] = v.x; value[1] = v.y; value[2] = v.z; value[3] = v.w;
}
