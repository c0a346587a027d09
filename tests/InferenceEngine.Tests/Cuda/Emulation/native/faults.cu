// Programs that are wrong, each in one way, to prove that the emulation says so.
#include "common/ptx90.cuh"

struct FaultParams {
    int fault;
    int* out;
};

extern "C" __global__ void faults(const FaultParams p) {
    SHARED_DYNAMIC(shared);
    SHARED_ARRAY(uint64, barrier, 1);
    const int lane = threadIdx.x % WARP;
    int sum[4] = {0, 0, 0, 0};
    const uint32 a[4] = {0, 0, 0, 0}, b[4] = {0, 0, 0, 0};
    switch (p.fault) {
    case 0: // half of a warp at a shuffle
        if (lane < 16) p.out[threadIdx.x] = shuffle_xor(lane, 1);
        break;
    case 1: // two different barriers
        if (threadIdx.x < 32) __syncthreads();
        else
            __syncthreads();
        break;
    case 2: { // behind shared memory
        uint32 r[4];
        ldmatrix_x4(r, shared + 16 * lane);
        break;
    }
    case 3: // not on a 16-byte boundary
        cp_async_16(shared + 8, p.out, 16);
        break;
    case 4: // metadata that names the same place twice
        mma_sp_s8s8(sum, a, b, lane == 5 ? 0x44454444u : 0x44444444u);
        break;
    case 5: // nobody arrives
        if (threadIdx.x == 0) barrier_init(barrier, 1);
        __syncthreads();
        barrier_wait(barrier, 0);
        break;
    case 6: // a plain store behind shared memory
        shared[256] = 1;
        break;
    case 8: // speaks to a block that may not have begun
        if (threadIdx.x == 0) barrier_init(barrier, 2);
        __syncthreads();
        barrier_arrive_everywhere<2>(barrier, lane);
        break;
    case 9: // speaks to a block that may have ended
        if (threadIdx.x == 0) barrier_init(barrier, 1);
        cluster_sync();
        if (blockIdx.x == 1) barrier_arrive_everywhere<2>(barrier, lane);
        break;
    case 10: // one block waits for the cluster, the other for what nobody does
        if (threadIdx.x == 0) barrier_init(barrier, 1);
        __syncthreads();
        if (blockIdx.x == 0) cluster_sync();
        else
            barrier_wait(barrier, 0);
        break;
    default: // a copy that nobody waited for
        cp_async_16(shared + 16 * (threadIdx.x % 16), p.out, 16);
        cp_async_commit();
        p.out[threadIdx.x] = shared[0];
    }
}
