#pragma once
// One wrapper per PTX instruction. The CPU execution header of the tests replaces this file as a whole
// (it defines QATKIT_PTX first) and gives every function the documented meaning.
#ifndef QATKIT_PTX
#define QATKIT_PTX
#include "common/types.cuh"

// Lane l of a warp: g = l / 4 (the quad), t = l % 4 (the lane in its quad).

__device__ __forceinline__ uint32 shared_address(const void* p) { return (uint32)__cvta_generic_to_shared(p); }

// Copies 16 bytes from global to shared memory in the background: `valid` (0..16) bytes from the source, zeros after them.
// Both addresses are multiples of 16, also where nothing is valid.
__device__ __forceinline__ void cp_async_16(void* shared, const void* global, int valid) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global), "r"(valid) : "memory");
}

// Closes this thread's current group of copies.
__device__ __forceinline__ void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most N of this thread's groups are still on their way.
template <int N> __device__ __forceinline__ void cp_async_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory"); }

// Four 8 x 8 matrices of 16-bit elements. Lane l gives the address of row l % 8 of matrix l / 8 (16 bytes, aligned).
// r[i] of lane l: elements 2t and 2t + 1 of row g of matrix i, that is bytes 4t..4t+3 of the row.
__device__ __forceinline__ void ldmatrix_x4(uint32 (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
}

// The same, transposed. r[i] of lane l: element g of row 2t (low half) and of row 2t + 1 (high half) of matrix i.
__device__ __forceinline__ void ldmatrix_x4_trans(uint32 (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
}

// D[16 x 8] += A[16 x 32] * B[32 x 8], int8 codes, int32 sums. Lane l holds
//   a[0] row g k 4t..4t+3, a[1] row g+8 same k, a[2] row g k 16+4t.., a[3] row g+8 k 16+4t..;
//   b0 column g k 4t..4t+3, b1 column g k 16+4t..;   d[0], d[1] row g columns 2t, 2t+1;   d[2], d[3] row g+8.
__device__ __forceinline__ void mma_s8s8(int (&d)[4], const uint32 (&a)[4], uint32 b0, uint32 b1) {
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// The same with unsigned A.
__device__ __forceinline__ void mma_u8s8(int (&d)[4], const uint32 (&a)[4], uint32 b0, uint32 b1) {
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// D[16 x 8] += A[16 x 64] * B[64 x 8] with 2:4 sparse A. Lane l holds
//   a[r]: the 4 kept codes of logical columns first..first+7 with first = 8t (r = 0, 1) or 32 + 8t (r = 2, 3), row g (r = 0, 2) or g+8;
//   b[r]: column g, k 16r+4t .. 16r+4t+3;   d as above;
//   e: 8 nibbles, nibble j = chunk of 4 logical columns j of row g + 8 (l % 2), columns from 32 ((l / 2) % 2) on;
//      low two bits the place of the first kept code, high two bits of the second, increasing. The selector is 0.
// CUDA 12.5 names this order `ordered_metadata`, which newer chips need for full speed; before, it was the only one.
#if defined(__CUDACC_VER_MAJOR__) && (__CUDACC_VER_MAJOR__ > 12 || (__CUDACC_VER_MAJOR__ == 12 && __CUDACC_VER_MINOR__ >= 5))
#define QATKIT_MMA_SP "mma.sp::ordered_metadata"
#else
#define QATKIT_MMA_SP "mma.sp"
#endif
__device__ __forceinline__ void mma_sp_s8s8(int (&d)[4], const uint32 (&a)[4], const uint32 (&b)[4], uint32 e) {
    asm volatile(QATKIT_MMA_SP ".sync.aligned.m16n8k64.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9,%10,%11}, {%0,%1,%2,%3}, %12, 0x0;"
                 : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(b[2]), "r"(b[3]), "r"(e));
}

// Programmatic dependent launch, where the host asks for it (otherwise both do nothing; so they do before sm_90).
// The next kernel of the stream may start as soon as every block of this one has said so or ended ...
__device__ __forceinline__ void let_successor_start() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// ... but before it touches anything that another kernel reads or writes, it waits for the kernels before it. Every kernel waits,
// so all earlier ones are over too. Weights and other constants may be read before.
__device__ __forceinline__ void wait_for_predecessor() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// A barrier of the block's first COUNT threads.
template <int COUNT> __device__ __forceinline__ void threads_sync() { asm volatile("bar.sync 1, %0;" ::"n"(COUNT) : "memory"); }

// Brings the line of memory with this address into the second-level cache.
__device__ __forceinline__ void prefetch_line(const void* global) { asm volatile("prefetch.global.L2 [%0];" ::"l"(global)); }

// Four bytes picked from the eight of (low, high) by the nibbles of `selector`, lowest first.
__device__ __forceinline__ uint32 pick_bytes(uint32 low, uint32 high, uint32 selector) { return __byte_perm(low, high, selector); }

// Four integers as bytes, the first one lowest; those outside -128..127 become -128 or 127.
__device__ __forceinline__ uint32 pack_saturated(int a, int b, int c, int d) {
    uint32 bytes;
    asm("{\n.reg .b32 high;\ncvt.pack.sat.s8.s32.b32 high, %4, %3, 0;\ncvt.pack.sat.s8.s32.b32 %0, %2, %1, high;\n}" : "=r"(bytes) : "r"(a), "r"(b), "r"(c), "r"(d));
    return bytes;
}

// The value of lane (l ^ mask), for the whole warp.
__device__ __forceinline__ int shuffle_xor(int value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }
__device__ __forceinline__ int64 shuffle_xor(int64 value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }

// A load that other blocks' writes of the same launch are visible to (not through the first-level cache).
__device__ __forceinline__ int load_shared_by_blocks(const int* p) { return __ldcg(p); }
#endif
