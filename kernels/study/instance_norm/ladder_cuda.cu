// The instance norm ladder's table.
#include "kernels/study/instance_norm/01_thread_per_channel.cuh"
#include "kernels/study/instance_norm/02_block_per_channel.cuh"
#include "kernels/study/instance_norm/03_warp_shuffle.cuh"
#include "kernels/study/instance_norm/04_coalesced_block.cuh"
#include "kernels/study/instance_norm/05_one_pass.cuh"
#include "kernels/study/instance_norm/06_split_pixels.cuh"
#include "kernels/study/instance_norm/07_backwards.cuh"

namespace nst::kernels::study::instance_norm {
namespace {

// One thread's sum of all pixels rounds more than the sums of many threads do.
constexpr double kOneSum = 1e-4, kManySums = 1e-5;

constexpr Rung<ChannelShape> kRungs[] = {
    {"01_thread_per_channel", "a thread per channel, three passes", thread_per_channel::run,
     thread_per_channel::cost, kOneSum},
    {"02_block_per_channel", "256 threads, a tree in shared memory", block_per_channel::run,
     block_per_channel::cost, kManySums},
    {"03_warp_shuffle", "shuffles in place of the tree", warp_shuffle::run, warp_shuffle::cost, kManySums},
    {"04_coalesced_block", "32 channels by 32 pixels", coalesced_block::run, coalesced_block::cost,
     kManySums},
    {"05_one_pass", "shifted sums: two passes", one_pass::run, one_pass::cost, kManySums},
    {"06_split_pixels", "pixels split over blocks", split_pixels::run, split_pixels::cost, kManySums},
    {"07_backwards", "the second pass from the end, float4", backwards::run, backwards::cost, kManySums,
     backwards::can_run},
};

}  // namespace

std::span<const Rung<ChannelShape>> rungs() { return kRungs; }

}  // namespace nst::kernels::study::instance_norm
