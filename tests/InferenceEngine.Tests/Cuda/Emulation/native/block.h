// Runs the threads of a cluster of blocks (usually one block) as fibers on one CPU thread, so that a kernel's source runs unchanged
// without a GPU.
//
// A fiber runs until it meets a collective operation (all 32 lanes of its warp), a barrier (all threads of the block, or of the cluster),
// polls, or ends.
// The scheduler carries a collective out when all lanes have arrived at the same one and reports an error when they cannot.
// Warps run one at a time, each as far as it can, in rising or falling order: a missing barrier shows as wrong results in
// one of the two orders. Shared memory is poisoned before every block and fenced behind.
#pragma once
#include <csetjmp>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sys/mman.h>
#include <ucontext.h>
#include <vector>

namespace emulation {

constexpr int WARP_LANES = 32;
constexpr size_t STACK_BYTES = 256 * 1024;
constexpr unsigned char POISON = 0xA5, FENCE = 0x5C;
constexpr size_t FENCE_BYTES = 256;

struct Index { unsigned x, y, z; };

enum class State { Ready, Collective, Barrier, ClusterBarrier, Polling, Done };

using Operation = void (*)(void* const* lanes); // one argument block per lane

struct Copy { void* to; const void* from; int valid; };

// One of the blocks that run together.
struct Block {
    Index index{};
    unsigned char* shared = nullptr; // dynamic shared memory
    struct Array { const void* key; std::unique_ptr<unsigned char[]> memory; size_t bytes; };
    std::vector<Array> arrays;       // fixed-size shared arrays, one per declaration
};

struct Fiber {
    Index index{};
    Block* block = nullptr;
    State state = State::Ready;
    const char* name = "";  // of the collective it waits for
    int line = 0;           // of the barrier it waits for
    Operation operation = nullptr;
    void* arguments = nullptr;
    std::vector<std::vector<Copy>> groups{1}; // asynchronous copies; the last group is still open
    void* stack = nullptr;
    jmp_buf context;
    bool started = false;
};

struct Machine {
    Index grid{}, block_size{};
    std::vector<Block> cluster;
    Block* block = nullptr;          // of the current fiber, or of the warp whose collective is carried out
    size_t shared_bytes = 0;
    bool falling_order = false;      // warps run last to first
    bool early_copies = false;       // asynchronous work is done at once instead of when it is waited for
    bool progress = false;           // something other than polling happened
    void (*kernel)(const void*) = nullptr;
    const void* parameters = nullptr;
    std::vector<Fiber> fibers;
    Fiber* current = nullptr;
    jmp_buf scheduler;
    char error[512] = "";
};

static Machine machine;

// Back to the scheduler; returns when the fiber is resumed.
static void suspend(State state) {
    machine.current->state = state;
    if (_setjmp(machine.current->context) == 0) _longjmp(machine.scheduler, 1);
}

// Ends the launch with a message. Does not return: the scheduler never resumes this fiber.
[[noreturn]] static void fail(const char* format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(machine.error, sizeof machine.error, format, list);
    va_end(list);
    for (;;) suspend(State::Done);
}

// Waits for all lanes of the warp, then `operation` runs once with every lane's arguments.
template <class Arguments> static void collective(const char* name, void (*operation)(Arguments* const* lanes), Arguments& arguments) {
    Fiber* me = machine.current;
    me->name = name;
    me->operation = reinterpret_cast<Operation>(operation);
    me->arguments = &arguments;
    suspend(State::Collective);
}

static void barrier(int line) {
    machine.current->line = line;
    suspend(State::Barrier);
}

static void cluster_barrier() { suspend(State::ClusterBarrier); }

// Gives the other threads a turn, in a loop that waits for something in memory.
static void poll() { suspend(State::Polling); }

static void* shared_array(const void* key, size_t bytes) {
    auto& arrays = machine.block->arrays;
    for (auto& array : arrays)
        if (array.key == key) return array.memory.get();
    arrays.push_back({key, std::make_unique<unsigned char[]>(bytes), bytes});
    memset(arrays.back().memory.get(), POISON, bytes);
    return arrays.back().memory.get();
}

// Whether any thread of a block still runs: the shared memory of a block that has ended is another's.
static bool alive(const Block& block) {
    for (auto& fiber : machine.fibers)
        if (fiber.block == &block && fiber.state != State::Done) return true;
    return false;
}

// Where the shared memory at `address` of the current block lies in block `rank` of the cluster.
static unsigned char* in_block(const void* address, int rank) {
    const Block& mine = *machine.block;
    const auto* p = (const unsigned char*)address;
    if (rank >= (int)machine.cluster.size()) fail("block %d of a cluster of %zu", rank, machine.cluster.size());
    Block& other = machine.cluster[rank];
    if (!alive(other)) fail("block %d of the cluster has ended: its shared memory is gone", rank);
    if (p >= mine.shared && p < mine.shared + machine.shared_bytes) return other.shared + (p - mine.shared);
    for (auto& array : mine.arrays) {
        if (p < array.memory.get() || p >= array.memory.get() + array.bytes) continue;
        for (auto& there : other.arrays)
            if (there.key == array.key) return there.memory.get() + (p - array.memory.get());
        fail("block %d of the cluster has not begun", rank);
    }
    fail("an address of another block is not in shared memory");
}

static void fiber_main() {
    for (;;) { // one turn per block
        machine.kernel(machine.parameters);
        suspend(State::Done);
    }
}

static void resume(Fiber& fiber) {
    machine.current = &fiber;
    machine.block = fiber.block;
    if (_setjmp(machine.scheduler) != 0) return; // the fiber suspended itself
    if (fiber.started) _longjmp(fiber.context, 1);
    fiber.started = true;
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = fiber.stack;
    context.uc_stack.ss_size = STACK_BYTES;
    context.uc_link = nullptr;
    makecontext(&context, fiber_main, 0);
    setcontext(&context);
}

// Runs one warp until all its lanes wait for the block, poll or are done.
static bool run_warp(Fiber* lanes, int warp) {
    for (;;) {
        for (int l = 0; l < WARP_LANES; l++) {
            Fiber& lane = lanes[machine.falling_order ? WARP_LANES - 1 - l : l];
            if (lane.state == State::Ready) {
                resume(lane);
                machine.progress |= lane.state != State::Polling;
            }
            if (machine.error[0]) return false;
        }
        int waiting = 0, polling = 0;
        void* arguments[WARP_LANES];
        const Fiber* first = nullptr;
        for (int l = 0; l < WARP_LANES; l++) {
            polling += lanes[l].state == State::Polling;
            if (lanes[l].state != State::Collective) continue;
            if (!first) first = &lanes[l];
            if (lanes[l].operation == first->operation) waiting++;
            arguments[l] = lanes[l].arguments;
        }
        if (!first || polling > 0) return true;
        if (waiting != WARP_LANES) {
            const Index& block = first->block->index;
            snprintf(machine.error, sizeof machine.error, "warp %d of block (%u, %u, %u): %d of 32 lanes arrived at %s", warp,
                     block.x, block.y, block.z, waiting, first->name);
            return false;
        }
        machine.block = first->block;
        first->operation(arguments);
        for (int l = 0; l < WARP_LANES; l++) lanes[l].state = State::Ready;
        machine.progress = true;
        if (machine.error[0]) return false;
    }
}

static bool any(const Block& block, State state) {
    for (auto& fiber : machine.fibers)
        if (fiber.block == &block && fiber.state == state) return true;
    return false;
}

static void wake(State state, const Block* block) {
    for (auto& fiber : machine.fibers)
        if (fiber.state == state && (!block || fiber.block == block)) fiber.state = State::Ready;
}

// Runs the threads of a block, and opens its barriers, until every thread polls, waits for the cluster or has ended.
static bool run_block(Block& block) {
    const int warps = (int)(machine.block_size.x / WARP_LANES), first = (int)(&block - machine.cluster.data()) * warps;
    for (;;) {
        for (int w = 0; w < warps; w++) {
            const int warp = machine.falling_order ? warps - 1 - w : w;
            if (!run_warp(&machine.fibers[(first + warp) * WARP_LANES], warp)) return false;
        }
        if (!any(block, State::Barrier) || any(block, State::Polling) || any(block, State::ClusterBarrier)) return true;
        const Fiber* at = nullptr;
        for (auto& fiber : machine.fibers) {
            if (fiber.block != &block || fiber.state != State::Barrier) continue;
            if (at && fiber.line != at->line) {
                snprintf(machine.error, sizeof machine.error, "threads %u and %u wait at different barriers, lines %d and %d",
                         at->index.x, fiber.index.x, at->line, fiber.line);
                return false;
            }
            at = &fiber;
        }
        wake(State::Barrier, &block);
    }
}

// One block runs as far as it can before the next begins: it must not count on the others to have come as far.
static bool run_cluster() {
    for (auto& block : machine.cluster) {
        memset(block.shared, POISON, machine.shared_bytes);
        memset(block.shared + machine.shared_bytes, FENCE, FENCE_BYTES);
        block.arrays.clear();
    }
    for (auto& fiber : machine.fibers) {
        fiber.state = State::Ready;
        fiber.groups.assign(1, {});
    }
    const int blocks = (int)machine.cluster.size();
    for (;;) {
        machine.progress = false;
        for (int b = 0; b < blocks; b++)
            if (!run_block(machine.cluster[machine.falling_order ? blocks - 1 - b : b])) return false;
        const Block *polling = nullptr, *waiting = nullptr;
        for (auto& block : machine.cluster) {
            if (!polling && any(block, State::Polling)) polling = &block;
            if (!waiting && (any(block, State::ClusterBarrier) || any(block, State::Barrier))) waiting = &block;
        }
        if (polling && machine.progress) {
            wake(State::Polling, nullptr);
            continue;
        }
        if (!polling && !waiting) break;
        bool all_at_cluster = !polling;
        for (auto& block : machine.cluster) all_at_cluster &= !any(block, State::Barrier);
        if (!all_at_cluster) {
            const Index& index = (polling ? polling : waiting)->index;
            snprintf(machine.error, sizeof machine.error, "block (%u, %u, %u): every thread waits for another", index.x, index.y, index.z);
            return false;
        }
        wake(State::ClusterBarrier, nullptr);
    }
    for (auto& block : machine.cluster)
        for (size_t i = 0; i < FENCE_BYTES; i++) {
            if (block.shared[machine.shared_bytes + i] == FENCE) continue;
            snprintf(machine.error, sizeof machine.error, "wrote %zu bytes past %zu bytes of shared memory", i + 1, machine.shared_bytes);
            return false;
        }
    return true;
}

// Runs every cluster of a grid, one after another; its blocks are neighbours along x. Returns null or what went wrong.
static const char* run_grid(Index grid, unsigned threads, size_t shared_bytes, unsigned cluster) {
    if (cluster == 0 || grid.x % cluster != 0) return "the grid is not made of whole clusters";
    machine.grid = grid;
    machine.block_size = {threads, 1, 1};
    machine.shared_bytes = shared_bytes;
    machine.error[0] = 0;
    const size_t block_bytes = (shared_bytes + FENCE_BYTES + 1023) / 1024 * 1024, all_threads = (size_t)threads * cluster;
    std::unique_ptr<unsigned char, void (*)(void*)> shared((unsigned char*)aligned_alloc(1024, block_bytes * cluster), free);
    machine.cluster = std::vector<Block>(cluster);
    for (unsigned b = 0; b < cluster; b++) machine.cluster[b].shared = shared.get() + b * block_bytes;
    char* stacks = (char*)mmap(nullptr, all_threads * STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stacks == MAP_FAILED) return "no memory for the stacks";
    machine.fibers = std::vector<Fiber>(all_threads);
    for (size_t i = 0; i < all_threads; i++) {
        machine.fibers[i].index = {(unsigned)(i % threads), 0, 0};
        machine.fibers[i].block = &machine.cluster[i / threads];
        machine.fibers[i].stack = stacks + i * STACK_BYTES;
    }
    bool ok = true;
    for (unsigned z = 0; ok && z < grid.z; z++)
        for (unsigned y = 0; ok && y < grid.y; y++)
            for (unsigned x = 0; ok && x < grid.x; x += cluster) {
                for (unsigned b = 0; b < cluster; b++) machine.cluster[b].index = {x + b, y, z};
                ok = run_cluster();
            }
    munmap(stacks, all_threads * STACK_BYTES);
    return ok ? nullptr : machine.error;
}

} // namespace emulation
