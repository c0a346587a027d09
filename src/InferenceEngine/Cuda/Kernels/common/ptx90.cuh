#pragma once
// Instructions of sm_90a: transaction barriers, tensor copies (TMA) and warpgroup products (wgmma). As for ptx.cuh, the CPU
// execution header of the tests replaces this file as a whole.
#ifndef QATKIT_PTX90
#define QATKIT_PTX90
#include "common/ptx.cuh"

// A CUtensorMap, made by the host.
struct __align__(64) TensorMap { uint64 opaque[16]; };

// A barrier in shared memory that counts arrivals and bytes. Its phase flips each time all of both have come.
__device__ __forceinline__ void barrier_init(uint64* barrier, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}

// Makes initialised barriers visible to the copy engine; a __syncthreads() must follow.
__device__ __forceinline__ void barrier_init_fence() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }

// All threads of all blocks of the cluster arrive, then all go on. Initialised barriers are visible to all of them after barrier_init_fence().
__device__ __forceinline__ void cluster_sync() {
    asm volatile("barrier.cluster.arrive.relaxed.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}

// A warp arrives at the barrier with this name of each of the BLOCKS blocks of its cluster. Released to the block alone, as is an arrival of
// one block: what it orders is that products have read a buffer before a copy fills it again, and that is over when wgmma_wait returns. Release
// and acquire of the cluster would be a fence of all memory and lose the first-level cache, in every step.
template <int BLOCKS> __device__ __forceinline__ void barrier_arrive_everywhere(uint64* barrier, int lane) {
    if (lane >= BLOCKS) return;
    if constexpr (BLOCKS == 1) {
        asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
    } else {
        asm volatile("{\n.reg .b32 there;\nmapa.shared::cluster.u32 there, %0, %1;\nmbarrier.arrive.shared::cluster.b64 _, [there];\n}"
                     ::"r"(shared_address(barrier)), "r"(lane) : "memory");
    }
}

// Arrives, and lets the phase wait for so many bytes more.
__device__ __forceinline__ void barrier_arrive_expect(uint64* barrier, int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes) : "memory");
}

// Waits until the phase with this parity is over. On a fresh barrier the phase before the first (parity 1) counts as over.
__device__ __forceinline__ void barrier_wait(uint64* barrier, int parity) {
    uint32 done;
    do {
        asm volatile("{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}"
                     : "=r"(done) : "r"(shared_address(barrier)), "r"(parity) : "memory");
    } while (done == 0);
}

// Tensor copies that follow read what this thread sees of global memory, written by plain stores.
__device__ __forceinline__ void copies_see_memory() { asm volatile("fence.proxy.async.global;" ::: "memory"); }

// Copies the map's box at (column, row) into shared memory, to the same place in each of the BLOCKS blocks of the cluster; its bytes count
// on the barrier with this name of each. Elements outside the tensor are 0.
template <int BLOCKS> __device__ __forceinline__ void tensor_load(void* shared, const TensorMap* map, int column, int row, uint64* barrier) {
    if constexpr (BLOCKS == 1) {
        asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];"
                     ::"r"(shared_address(shared)), "l"(map), "r"(column), "r"(row), "r"(shared_address(barrier)) : "memory");
    } else {
        constexpr unsigned short EVERYWHERE = (1 << BLOCKS) - 1;
        asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;"
                     ::"r"(shared_address(shared)), "l"(map), "r"(column), "r"(row), "r"(shared_address(barrier)), "h"(EVERYWHERE) : "memory");
    }
}

// Data that this block reads once: it takes no line of the first-level cache. Not through the read-only path (ld.global.nc), whose
// loads the assembler may move past griddepcontrol.wait: these are meant to be under way before it.
__device__ __forceinline__ uint4 load_once(const uint4* p) {
    uint4 v;
    asm volatile("ld.global.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p) : "memory");
    return v;
}
__device__ __forceinline__ uint32 load_once(const uint32* p) {
    uint32 v;
    asm volatile("ld.global.L1::no_allocate.u32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
    return v;
}

// Descriptor of a K-major operand in shared memory: rows of 128 bytes in the 128-byte swizzle (16-byte chunk c of row r at
// c ^ (r % 8)), eight rows per 1024 bytes. Bits 0-13 address / 16, 16-29 leading offset (unused: 1), 32-45 bytes between
// groups of eight rows / 16, 62-63 swizzle mode 1. Moving along K inside a row adds its bytes to the address.
__device__ __forceinline__ uint64 operand_descriptor(const void* shared) {
    return (uint64)((shared_address(shared) & 0x3FFFF) >> 4) | (uint64)1 << 16 | (uint64)(1024 >> 4) << 32 | (uint64)1 << 62;
}

// Sets the registers of each thread of this warpgroup: fewer give some back, more wait for them. N is a multiple of 8.
template <int N> __device__ __forceinline__ void give_registers() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N)); }
template <int N> __device__ __forceinline__ void take_registers() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N)); }

// Before the first product, and whenever registers of a product were written by other instructions.
__device__ __forceinline__ void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// Waits until at most N groups of products are under way. Until then their registers must not be touched.
template <int N> __device__ __forceinline__ void wgmma_wait() { asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory"); }

// After a wait: keeps the compiler from reading sums before it. To the compiler a product has its result at once.
__device__ __forceinline__ void wgmma_results(int (&d)[16][4]) {
#pragma unroll
    for (int j = 0; j < 16; j++) asm volatile("" : "+r"(d[j][0]), "+r"(d[j][1]), "+r"(d[j][2]), "+r"(d[j][3])::"memory");
}

// D[64 x 128] += A[64 x 32] * B[32 x 128]. Warp w of the warpgroup holds rows 16w..16w+15: its a[] is the m16n8k32 fragment of
// those rows, its d[j] the m16n8 accumulator of columns 8j..8j+7. B: 128 rows (the columns of B) of 32 codes.
__device__ __forceinline__ void wgmma_s8(int (&d)[16][4], const uint32 (&a)[4], uint64 b) {
    asm volatile(
        "wgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8 {"
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
        "}, {%64, %65, %66, %67}, %68, 1;"
        :
          "+r"(d[0][0]), "+r"(d[0][1]), "+r"(d[0][2]), "+r"(d[0][3]), "+r"(d[1][0]), "+r"(d[1][1]), "+r"(d[1][2]), "+r"(d[1][3]),
          "+r"(d[2][0]), "+r"(d[2][1]), "+r"(d[2][2]), "+r"(d[2][3]), "+r"(d[3][0]), "+r"(d[3][1]), "+r"(d[3][2]), "+r"(d[3][3]),
          "+r"(d[4][0]), "+r"(d[4][1]), "+r"(d[4][2]), "+r"(d[4][3]), "+r"(d[5][0]), "+r"(d[5][1]), "+r"(d[5][2]), "+r"(d[5][3]),
          "+r"(d[6][0]), "+r"(d[6][1]), "+r"(d[6][2]), "+r"(d[6][3]), "+r"(d[7][0]), "+r"(d[7][1]), "+r"(d[7][2]), "+r"(d[7][3]),
          "+r"(d[8][0]), "+r"(d[8][1]), "+r"(d[8][2]), "+r"(d[8][3]), "+r"(d[9][0]), "+r"(d[9][1]), "+r"(d[9][2]), "+r"(d[9][3]),
          "+r"(d[10][0]), "+r"(d[10][1]), "+r"(d[10][2]), "+r"(d[10][3]), "+r"(d[11][0]), "+r"(d[11][1]), "+r"(d[11][2]), "+r"(d[11][3]),
          "+r"(d[12][0]), "+r"(d[12][1]), "+r"(d[12][2]), "+r"(d[12][3]), "+r"(d[13][0]), "+r"(d[13][1]), "+r"(d[13][2]), "+r"(d[13][3]),
          "+r"(d[14][0]), "+r"(d[14][1]), "+r"(d[14][2]), "+r"(d[14][3]), "+r"(d[15][0]), "+r"(d[15][1]), "+r"(d[15][2]), "+r"(d[15][3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

// D[64 x 128] += A[64 x 64] * B[64 x 128] with 2:4 sparse A: a[] and e are the m16n8k64 fragment and metadata of the warp's rows.
__device__ __forceinline__ void wgmma_sp_s8(int (&d)[16][4], const uint32 (&a)[4], uint32 e, uint64 b) {
    asm volatile(
        "wgmma.mma_async.sp.sync.aligned.m64n128k64.s32.s8.s8 {"
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
        "}, {%64, %65, %66, %67}, %68, %69, 0, 1;"
        :
          "+r"(d[0][0]), "+r"(d[0][1]), "+r"(d[0][2]), "+r"(d[0][3]), "+r"(d[1][0]), "+r"(d[1][1]), "+r"(d[1][2]), "+r"(d[1][3]),
          "+r"(d[2][0]), "+r"(d[2][1]), "+r"(d[2][2]), "+r"(d[2][3]), "+r"(d[3][0]), "+r"(d[3][1]), "+r"(d[3][2]), "+r"(d[3][3]),
          "+r"(d[4][0]), "+r"(d[4][1]), "+r"(d[4][2]), "+r"(d[4][3]), "+r"(d[5][0]), "+r"(d[5][1]), "+r"(d[5][2]), "+r"(d[5][3]),
          "+r"(d[6][0]), "+r"(d[6][1]), "+r"(d[6][2]), "+r"(d[6][3]), "+r"(d[7][0]), "+r"(d[7][1]), "+r"(d[7][2]), "+r"(d[7][3]),
          "+r"(d[8][0]), "+r"(d[8][1]), "+r"(d[8][2]), "+r"(d[8][3]), "+r"(d[9][0]), "+r"(d[9][1]), "+r"(d[9][2]), "+r"(d[9][3]),
          "+r"(d[10][0]), "+r"(d[10][1]), "+r"(d[10][2]), "+r"(d[10][3]), "+r"(d[11][0]), "+r"(d[11][1]), "+r"(d[11][2]), "+r"(d[11][3]),
          "+r"(d[12][0]), "+r"(d[12][1]), "+r"(d[12][2]), "+r"(d[12][3]), "+r"(d[13][0]), "+r"(d[13][1]), "+r"(d[13][2]), "+r"(d[13][3]),
          "+r"(d[14][0]), "+r"(d[14][1]), "+r"(d[14][2]), "+r"(d[14][3]), "+r"(d[15][0]), "+r"(d[15][1]), "+r"(d[15][2]), "+r"(d[15][3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(e));
}
#endif
