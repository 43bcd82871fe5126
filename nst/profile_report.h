// A profile as tables, a trace and a chart.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tensor/profile.h"
#include "tensor/roofline.h"

namespace nst {

// What several events come to together. Sums over `calls` calls; `seconds` without the ops they called.
struct ProfileRow {
  std::string name;
  int calls = 0;
  double seconds = 0, flops = 0, bytes = 0, allocated = 0;
};

// Which events share a row: those of one op, of one network layer, or of one op on one shape.
enum class ProfileBy { op, layer, shape };

// The longest first.
std::vector<ProfileRow> profile_rows(const std::vector<OpEvent>& events, ProfileBy by);

// Where the ops took longest, all together.
Device busiest_device(const std::vector<OpEvent>& events);

// The share of a row's time that this machine's limits alone would take: 1 is perfect, and Winograd's fewer
// multiplications can pass it, since `flops` are the definition's. 0 for a row that took no time.
double roofline_share(const ProfileRow& row, const Roofline& roofline);

// Trace Event Format, for ui.perfetto.dev, chrome://tracing and speedscope (which makes a flame graph of it):
// a track for each device, and the steps on the CPU's. Throws std::runtime_error when it cannot be written,
// and leaves nothing then.
void write_trace(const std::filesystem::path& path, const std::vector<OpEvent>& events,
                 const std::vector<StepEvent>& steps);

// Each row that counts its arithmetic as a disc over its intensity (FLOP per byte), as large as its share of
// the time, under the machine's roof. Throws std::invalid_argument when there is no such row.
void write_roofline_png(const std::filesystem::path& path, const std::string& title,
                        const std::vector<ProfileRow>& rows, const Roofline& roofline);

}  // namespace nst
