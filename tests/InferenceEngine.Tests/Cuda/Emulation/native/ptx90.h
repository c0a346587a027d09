// Stands in for Kernels/common/ptx90.cuh: transaction barriers, tensor copies and warpgroup products as documented.
// A warp of a warpgroup product needs only its own rows of A and the shared B, so the product is done warp by warp.
// Copies and products are carried out either when they are issued or, at the other extreme, when somebody waits for them.
#pragma once
#define QATKIT_PTX90
#include "ptx.h"

// What the tests put into the opaque map: the matrix that boxes of `box_rows` x 128 bytes are cut from.
struct __align__(64) TensorMap {
    const int8* base;
    int64 columns, rows, pitch, box_rows;
    uint64 unused[11];
};

namespace emulation {

constexpr int BOX = 128; // bytes of a row

struct TransactionBarrier { // in the 8 bytes of an mbarrier
    uint8 phase, arrivals, pending, initialised;
    int bytes;
};

struct TensorCopy { unsigned char* to; TensorMap map; int column, row; uint64* barrier; };

static std::vector<TensorCopy> copies_under_way;

static TransactionBarrier& at(uint64* barrier) {
    auto& b = *reinterpret_cast<TransactionBarrier*>(barrier);
    if (b.initialised != 1) fail("a barrier is used before it was initialised");
    return b;
}

static void complete(TransactionBarrier& b) {
    if (b.pending != 0 || b.bytes != 0) return;
    b.phase ^= 1;
    b.pending = b.arrivals;
}

static void land(const TensorCopy& copy) {
    for (int r = 0; r < copy.map.box_rows; r++)
        for (int k = 0; k < BOX; k++) {
            const int64 row = copy.row + r, column = copy.column + k;
            const bool inside = row >= 0 && row < copy.map.rows && column >= 0 && column < copy.map.columns;
            copy.to[r * BOX + ((k / 16 ^ r % 8) * 16) + k % 16] = inside ? copy.map.base[row * copy.map.pitch + column] : 0;
        }
    auto& barrier = at(copy.barrier);
    barrier.bytes -= BOX * (int)copy.map.box_rows;
    complete(barrier);
}

struct WarpgroupProduct { int (*d)[4]; const uint32* a; uint32 e; uint64 b; bool sparse; };

// Products of a lane by its fiber: the last group is still open. A lane's registers are read when the product is done.
static std::vector<std::vector<std::vector<WarpgroupProduct>>> products_under_way;

static std::vector<std::vector<WarpgroupProduct>>& groups_of_lane() {
    products_under_way.resize(machine.fibers.size());
    auto& groups = products_under_way[machine.current - machine.fibers.data()];
    if (groups.empty()) groups.emplace_back();
    return groups;
}

// B: row n (a column of B) lies at address + (n / 8) * stride + (n % 8) * 128; then address bits 4-6 are exchanged with bits 7-9.
static void warpgroup_product(WarpgroupProduct* const* lanes) {
    const auto& first = *lanes[0];
    const int address = (int)(first.b & 0x3FFF) << 4, stride = (int)(first.b >> 32 & 0x3FFF) << 4, mode = (int)(first.b >> 62);
    if (mode != 1) { snprintf(machine.error, sizeof machine.error, "wgmma: swizzle mode %d", mode); return; }
    int a[16][64];
    const uint32* words[32];
    uint32 e[32];
    for (int l = 0; l < 32; l++) {
        words[l] = lanes[l]->a;
        e[l] = lanes[l]->e;
    }
    if (!first.sparse) dense_operand<false>(a, words);
    else if (!sparse_operand(a, words, e)) return;
    const int depth = first.sparse ? 64 : 32;
    for (int n = 0; n < 128; n++) {
        int b[64];
        for (int k = 0; k < depth; k++) {
            const int linear = address + n / 8 * stride + n % 8 * 128 + k, place = linear ^ (linear >> 7 & 7) << 4;
            if (place >= (int)machine.shared_bytes) { snprintf(machine.error, sizeof machine.error, "wgmma: B is outside shared memory"); return; }
            b[k] = (int8)machine.block->shared[place];
        }
        for (int row = 0; row < 16; row++) {
            int sum = 0;
            for (int k = 0; k < depth; k++) sum += a[row][k] * b[k];
            int& d = lanes[row % 8 * 4 + n % 8 / 2]->d[n / 8][row / 8 * 2 + n % 2];
            d = (int)((unsigned)d + (unsigned)sum);
        }
    }
}

// A launch that failed may have left work behind.
static void forget_work() {
    copies_under_way.clear();
    products_under_way.clear();
}

static void issue(WarpgroupProduct product) {
    if (machine.early_copies) collective("wgmma", warpgroup_product, product);
    else groups_of_lane().back().push_back(product);
}

} // namespace emulation

static void barrier_init(uint64* barrier, int arrivals) {
    const emulation::TransactionBarrier b{0, (uint8)arrivals, (uint8)arrivals, 1, 0};
    memcpy(barrier, &b, sizeof b);
}

static void barrier_init_fence() {}
static void copies_see_memory() {}

static void barrier_arrive_expect(uint64* barrier, int bytes) {
    auto& b = emulation::at(barrier);
    if (b.pending == 0) emulation::fail("more arrivals than the barrier expects");
    b.bytes += bytes;
    b.pending--;
    emulation::complete(b);
}

static void cluster_sync() { emulation::cluster_barrier(); }

template <int BLOCKS> static void barrier_arrive_everywhere(uint64* barrier, int lane) {
    if (lane < BLOCKS) barrier_arrive_expect((uint64*)emulation::in_block(barrier, BLOCKS == 1 ? 0 : lane), 0);
}

static void barrier_wait(uint64* barrier, int parity) {
    using namespace emulation;
    while (at(barrier).phase == parity) {
        for (size_t i = 0; i < copies_under_way.size();) {
            if (copies_under_way[i].barrier != barrier) { i++; continue; }
            const TensorCopy copy = copies_under_way[i];
            copies_under_way.erase(copies_under_way.begin() + (ptrdiff_t)i);
            land(copy);
        }
        if (at(barrier).phase == parity) poll();
    }
}

template <int BLOCKS> static void tensor_load(void* shared, const TensorMap* map, int column, int row, uint64* barrier) {
    using namespace emulation;
    check_shared(shared, (size_t)map->box_rows * BOX, 1024, "tensor copy");
    if (BLOCKS != (int)machine.cluster.size()) fail("tensor copy: to %d blocks of a cluster of %zu", BLOCKS, machine.cluster.size());
    for (int b = 0; b < BLOCKS; b++) {
        const TensorCopy copy{in_block(shared, b), *map, column, row, (uint64*)in_block(barrier, b)};
        if (machine.early_copies) land(copy);
        else copies_under_way.push_back(copy);
    }
}

template <class T> static T load_once(const T* p) { return *p; }

static uint64 operand_descriptor(const void* shared) {
    const auto offset = (uint64)((const unsigned char*)shared - emulation::machine.block->shared);
    return offset >> 4 | (uint64)1 << 16 | (uint64)(1024 >> 4) << 32 | (uint64)1 << 62;
}

template <int N> static void give_registers() {}
template <int N> static void take_registers() {}

static void wgmma_fence() {}
static void wgmma_results(int (&)[16][4]) {}
static void wgmma_commit() { emulation::groups_of_lane().emplace_back(); }

template <int N> static void wgmma_wait() {
    auto& groups = emulation::groups_of_lane();
    while ((int)groups.size() - 1 > N) {
        for (auto& product : groups.front()) emulation::collective("wgmma", emulation::warpgroup_product, product);
        groups.erase(groups.begin());
    }
}

static void wgmma_s8(int (&d)[16][4], const uint32 (&a)[4], uint64 b) { emulation::issue({d, a, 0, b, false}); }
static void wgmma_sp_s8(int (&d)[16][4], const uint32 (&a)[4], uint32 e, uint64 b) { emulation::issue({d, a, e, b, true}); }
