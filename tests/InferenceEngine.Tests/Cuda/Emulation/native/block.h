// Runs the threads of one block as fibers on one CPU thread, so that a kernel's source runs unchanged without a GPU.
//
// A fiber runs until it meets a collective operation (all 32 lanes of its warp) or a block barrier (all threads), polls, or ends.
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

enum class State { Ready, Collective, Barrier, Polling, Done };

using Operation = void (*)(void* const* lanes); // one argument block per lane

struct Copy { void* to; const void* from; int valid; };

struct Fiber {
    Index index{};
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

struct Block {
    Index grid{}, block_index{}, block_size{};
    unsigned char* shared = nullptr; // dynamic shared memory
    size_t shared_bytes = 0;
    bool falling_order = false;      // warps run last to first
    bool early_copies = false;       // asynchronous work is done at once instead of when it is waited for
    bool progress = false;           // something other than polling happened
    void (*kernel)(const void*) = nullptr;
    const void* parameters = nullptr;
    std::vector<Fiber> fibers;
    Fiber* current = nullptr;
    jmp_buf scheduler;
    struct Array { const void* key; std::unique_ptr<unsigned char[]> memory; };
    std::vector<Array> arrays;       // fixed-size shared arrays, one per declaration
    char error[512] = "";
};

static Block machine;

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

// Gives the other threads a turn, in a loop that waits for something in memory.
static void poll() { suspend(State::Polling); }

static void* shared_array(const void* key, size_t bytes) {
    for (auto& array : machine.arrays)
        if (array.key == key) return array.memory.get();
    machine.arrays.push_back({key, std::make_unique<unsigned char[]>(bytes)});
    memset(machine.arrays.back().memory.get(), POISON, bytes);
    return machine.arrays.back().memory.get();
}

static void fiber_main() {
    for (;;) { // one turn per block
        machine.kernel(machine.parameters);
        suspend(State::Done);
    }
}

static void resume(Fiber& fiber) {
    machine.current = &fiber;
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
            snprintf(machine.error, sizeof machine.error, "warp %d of block (%u, %u, %u): %d of 32 lanes arrived at %s", warp,
                     machine.block_index.x, machine.block_index.y, machine.block_index.z, waiting, first->name);
            return false;
        }
        first->operation(arguments);
        for (int l = 0; l < WARP_LANES; l++) lanes[l].state = State::Ready;
        machine.progress = true;
        if (machine.error[0]) return false;
    }
}

static bool run_block() {
    memset(machine.shared, POISON, machine.shared_bytes);
    memset(machine.shared + machine.shared_bytes, FENCE, FENCE_BYTES);
    machine.arrays.clear();
    for (auto& fiber : machine.fibers) {
        fiber.state = State::Ready;
        fiber.groups.assign(1, {});
    }
    const int warps = (int)machine.fibers.size() / WARP_LANES;
    for (;;) {
        machine.progress = false;
        for (int w = 0; w < warps; w++) {
            const int warp = machine.falling_order ? warps - 1 - w : w;
            if (!run_warp(&machine.fibers[warp * WARP_LANES], warp)) return false;
        }
        bool polling = false;
        for (auto& fiber : machine.fibers) {
            if (fiber.state != State::Polling) continue;
            polling = true;
            fiber.state = State::Ready;
        }
        if (polling && !machine.progress) {
            snprintf(machine.error, sizeof machine.error, "block (%u, %u, %u): every thread waits for another",
                     machine.block_index.x, machine.block_index.y, machine.block_index.z);
            return false;
        }
        if (polling) continue;
        const Fiber* first = nullptr; // of those at a barrier
        for (auto& fiber : machine.fibers) {
            if (fiber.state != State::Barrier) continue;
            if (first && fiber.line != first->line) {
                snprintf(machine.error, sizeof machine.error, "threads %u and %u wait at different barriers, lines %d and %d",
                         first->index.x, fiber.index.x, first->line, fiber.line);
                return false;
            }
            first = &fiber;
        }
        if (!first) break;
        for (auto& fiber : machine.fibers)
            if (fiber.state == State::Barrier) fiber.state = State::Ready;
    }
    for (size_t i = 0; i < FENCE_BYTES; i++) {
        if (machine.shared[machine.shared_bytes + i] == FENCE) continue;
        snprintf(machine.error, sizeof machine.error, "wrote %zu bytes past %zu bytes of shared memory", i + 1, machine.shared_bytes);
        return false;
    }
    return true;
}

// Runs every block of a grid, one after another. Returns null or what went wrong.
static const char* run_grid(Index grid, unsigned threads, size_t shared_bytes) {
    machine.grid = grid;
    machine.block_size = {threads, 1, 1};
    machine.shared_bytes = shared_bytes;
    machine.error[0] = 0;
    std::unique_ptr<unsigned char, void (*)(void*)> shared(
        (unsigned char*)aligned_alloc(1024, (shared_bytes + FENCE_BYTES + 1023) / 1024 * 1024), free);
    machine.shared = shared.get();
    char* stacks = (char*)mmap(nullptr, threads * STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stacks == MAP_FAILED) return "no memory for the stacks";
    machine.fibers = std::vector<Fiber>(threads);
    for (unsigned i = 0; i < threads; i++) {
        machine.fibers[i].index = {i, 0, 0};
        machine.fibers[i].stack = stacks + i * STACK_BYTES;
    }
    bool ok = true;
    for (unsigned z = 0; ok && z < grid.z; z++)
        for (unsigned y = 0; ok && y < grid.y; y++)
            for (unsigned x = 0; ok && x < grid.x; x++) {
                machine.block_index = {x, y, z};
                ok = run_block();
            }
    munmap(stacks, threads * STACK_BYTES);
    return ok ? nullptr : machine.error;
}

} // namespace emulation
