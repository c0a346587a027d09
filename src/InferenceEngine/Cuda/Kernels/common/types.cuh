#pragma once
// Words shared by every kernel. NVRTC has no <stdint.h>, so the widths are named here.
// The CPU execution header of the tests defines QATKIT_EMULATION and brings its own versions of the two macros below.

typedef signed char int8;
typedef unsigned char uint8;
typedef short int16;
typedef unsigned int uint32;
typedef long long int64;
typedef unsigned long long uint64;

#ifndef QATKIT_EMULATION
// Dynamic shared memory of the block, aligned for every swizzle.
#define SHARED_DYNAMIC(name) extern __shared__ __align__(1024) unsigned char name[]
// A small array of fixed size shared by the block.
#define SHARED_ARRAY(type, name, count) __shared__ type name[count]
#endif

constexpr int WARP = 32;

__device__ __forceinline__ constexpr int round_up(int value, int step) { return (value + step - 1) / step * step; }
__device__ __forceinline__ constexpr int divide_up(int value, int step) { return (value + step - 1) / step; }
