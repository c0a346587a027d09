// Stands in for Kernels/common/ptx.cuh: the meaning of each instruction as the PTX manual documents it, written without
// looking at how the kernels or the packers arrange their data. Lane l: g = l / 4, t = l % 4.
#pragma once
#define QATKIT_PTX
#include "cuda.h"
#include "common/types.cuh"

namespace emulation {

static void check_shared(const void* p, size_t bytes, size_t alignment, const char* what) {
    const auto* address = (const unsigned char*)p;
    if ((size_t)address % alignment != 0) fail("%s: address is not a multiple of %zu", what, alignment);
    if (address < machine.block->shared || address + bytes > machine.block->shared + machine.shared_bytes)
        fail("%s: bytes %td..%td are outside %zu bytes of shared memory", what, address - machine.block->shared,
             address - machine.block->shared + (ptrdiff_t)bytes, machine.shared_bytes);
}

static void land(const Copy& copy) {
    memset(copy.to, 0, 16);
    memcpy(copy.to, copy.from, copy.valid);
}

static inline int8 byte_of(uint32 word, int i) { return (int8)(word >> (8 * i)); }

struct Matrices { const void* row; uint32 r[4]; };

template <bool TRANSPOSED> static void load_matrices(Matrices* const* lanes) {
    unsigned short m[4][8][8]; // [matrix][row][element]
    for (int l = 0; l < 32; l++) memcpy(m[l / 8][l % 8], lanes[l]->row, 16);
    for (int l = 0; l < 32; l++) {
        const int g = l / 4, t = l % 4;
        for (int i = 0; i < 4; i++)
            lanes[l]->r[i] = TRANSPOSED ? m[i][2 * t][g] | (uint32)m[i][2 * t + 1][g] << 16 : m[i][g][2 * t] | (uint32)m[i][g][2 * t + 1] << 16;
    }
}

struct Product { int* d; const uint32* a; uint32 b[4]; uint32 e; };

// d[0], d[1]: row g, columns 2t, 2t + 1; d[2], d[3]: row g + 8.
static void add_product(Product* const* lanes, const int (&a)[16][64], const int (&b)[64][8], int depth) {
    for (int row = 0; row < 16; row++)
        for (int column = 0; column < 8; column++) {
            int sum = 0;
            for (int k = 0; k < depth; k++) sum += a[row][k] * b[k][column];
            int& d = lanes[row % 8 * 4 + column / 2]->d[row / 8 * 2 + column % 2];
            d = (int)((unsigned)d + (unsigned)sum);
        }
}

// m16n8k32: element i (0..15) of a lane's A is row g (i in 0..3, 8..11) or g + 8, k = 4t + i % 4 (+ 16 from i = 8 on).
template <bool UNSIGNED> static void dense_operand(int (&a)[16][64], const uint32* const (&words)[32]) {
    for (int l = 0; l < 32; l++) {
        const int g = l / 4, t = l % 4;
        for (int i = 0; i < 16; i++) {
            const int code = byte_of(words[l][i / 4], i % 4);
            a[i / 4 % 2 == 0 ? g : g + 8][4 * t + i % 4 + (i >= 8 ? 16 : 0)] = UNSIGNED ? code & 255 : code;
        }
    }
}

// Element i (0..7) of a lane's B is k = 4t + i % 4 (+ 16 from i = 4 on), column g.
template <bool UNSIGNED_A> static void dense_product(Product* const* lanes) {
    int a[16][64], b[64][8];
    const uint32* words[32];
    for (int l = 0; l < 32; l++) {
        words[l] = lanes[l]->a;
        for (int i = 0; i < 8; i++) b[4 * (l % 4) + i % 4 + (i >= 4 ? 16 : 0)][l / 4] = byte_of(lanes[l]->b[i / 4], i % 4);
    }
    dense_operand<UNSIGNED_A>(a, words);
    add_product(lanes, a, b, 32);
}

// Sparse m16n8k64, selector 0: all four lanes of a quad give metadata. Lane l describes row g + 8 (l % 2), columns
// 32 (l / 2 % 2) .. + 31: bits 4j..4j+1 and 4j+2..4j+3 are the places of the two non-zeros of columns 4j..4j+3.
// False where metadata is undefined.
static bool sparse_operand(int (&a)[16][64], const uint32* const (&words)[32], const uint32 (&e)[32]) {
    int place[16][32]; // [row][non-zero]: its column
    for (int l = 0; l < 32; l++) {
        const int row = l / 4 + 8 * (l & 1), half = l >> 1 & 1;
        for (int j = 0; j < 8; j++) {
            const int first = e[l] >> (4 * j) & 3, second = e[l] >> (4 * j + 2) & 3;
            if (first >= second) {
                snprintf(machine.error, sizeof machine.error, "sparse product: lane %d, chunk %d: places %d, %d are undefined", l, j, first, second);
                return false;
            }
            place[row][half * 16 + 2 * j] = half * 32 + 4 * j + first;
            place[row][half * 16 + 2 * j + 1] = half * 32 + 4 * j + second;
        }
    }
    int compressed[16][64]; // the same register layout as a dense 16 x 32 operand, over the non-zeros
    dense_operand<false>(compressed, words);
    memset(a, 0, sizeof a);
    for (int row = 0; row < 16; row++)
        for (int i = 0; i < 32; i++) a[row][place[row][i]] = compressed[row][i];
    return true;
}

// Element i (0..15) of a lane's B is k = 16 (i / 4) + 4t + i % 4, column g.
static void sparse_product(Product* const* lanes) {
    int a[16][64], b[64][8];
    const uint32* words[32];
    uint32 e[32];
    for (int l = 0; l < 32; l++) {
        words[l] = lanes[l]->a;
        e[l] = lanes[l]->e;
        for (int i = 0; i < 16; i++) b[16 * (i / 4) + 4 * (l % 4) + i % 4][l / 4] = byte_of(lanes[l]->b[i / 4], i % 4);
    }
    if (sparse_operand(a, words, e)) add_product(lanes, a, b, 64);
}

template <class T> struct Exchange { T value, result; int mask; };

template <class T> static void exchange(Exchange<T>* const* lanes) {
    for (int l = 0; l < 32; l++) lanes[l]->result = lanes[l ^ lanes[l]->mask]->value;
}

template <class T> static T shuffle(T value, int mask) {
    Exchange<T> e{value, {}, mask};
    collective("shuffle", exchange<T>, e);
    return e.result;
}

template <bool TRANSPOSED> static void load(uint32 (&r)[4], const void* row) {
    check_shared(row, 16, 16, "ldmatrix");
    Matrices m{row, {}};
    collective("ldmatrix", load_matrices<TRANSPOSED>, m);
    std::copy(m.r, m.r + 4, r);
}

} // namespace emulation

static void cp_async_16(void* shared, const void* global, int valid) {
    emulation::check_shared(shared, 16, 16, "cp.async");
    if ((size_t)global % 16 != 0) emulation::fail("cp.async: the source is not a multiple of 16");
    if (valid < 0 || valid > 16) emulation::fail("cp.async: %d valid bytes", valid);
    const emulation::Copy copy{shared, global, valid};
    if (emulation::machine.early_copies) emulation::land(copy);
    else emulation::machine.current->groups.back().push_back(copy);
}

static void cp_async_commit() { emulation::machine.current->groups.emplace_back(); }

template <int N> static void cp_async_wait() {
    auto& groups = emulation::machine.current->groups;
    while ((int)groups.size() - 1 > N) {
        for (const auto& copy : groups.front()) emulation::land(copy);
        groups.erase(groups.begin());
    }
}

static void ldmatrix_x4(uint32 (&r)[4], const void* row) { emulation::load<false>(r, row); }
static void ldmatrix_x4_trans(uint32 (&r)[4], const void* row) { emulation::load<true>(r, row); }

static void mma_s8s8(int (&d)[4], const uint32 (&a)[4], uint32 b0, uint32 b1) {
    emulation::Product p{d, a, {b0, b1, 0, 0}, 0};
    emulation::collective("mma.s8.s8", emulation::dense_product<false>, p);
}

static void mma_u8s8(int (&d)[4], const uint32 (&a)[4], uint32 b0, uint32 b1) {
    emulation::Product p{d, a, {b0, b1, 0, 0}, 0};
    emulation::collective("mma.u8.s8", emulation::dense_product<true>, p);
}

static void mma_sp_s8s8(int (&d)[4], const uint32 (&a)[4], const uint32 (&b)[4], uint32 e) {
    emulation::Product p{d, a, {b[0], b[1], b[2], b[3]}, e};
    emulation::collective("mma.sp", emulation::sparse_product, p);
}

// All threads that are not done are among them, or poll until they are.
template <int COUNT> static void threads_sync(int line = __builtin_LINE()) {
    if (emulation::machine.current->index.x >= COUNT) emulation::fail("thread %u waits at a barrier of %d", emulation::machine.current->index.x, COUNT);
    emulation::barrier(line);
}

static uint32 pack_saturated(int a, int b, int c, int d) {
    uint32 bytes = 0;
    const int values[4] = {a, b, c, d};
    for (int i = 0; i < 4; i++) bytes |= (uint32)(values[i] < -128 ? -128 : values[i] > 127 ? 127 : values[i]) % 256 << (8 * i);
    return bytes;
}

static uint32 pick_bytes(uint32 low, uint32 high, uint32 selector) {
    const uint64 all = (uint64)high << 32 | low;
    uint32 result = 0;
    for (int i = 0; i < 4; i++) result |= (uint32)(all >> (8 * (selector >> (4 * i) & 7)) & 255) << (8 * i);
    return result;
}

static int shuffle_xor(int value, int mask) { return emulation::shuffle(value, mask); }
static int64 shuffle_xor(int64 value, int mask) { return emulation::shuffle(value, mask); }
static int load_shared_by_blocks(const int* p) { return *p; }

static void prefetch_line(const void*) {}

// Launches run one after another.
static void let_successor_start() {}
static void wait_for_predecessor() {}
