// The study ladders' tables in docs/study: what each rung moves at a shape, counted, and the time it should
// take on an H100, modelled. The column `measured` is filled by hand or by a bench; rewriting a table keeps
// it.
#pragma once

#include <string>
#include <vector>

#include "kernels/study/roofline_model.h"

namespace nst::bench {

struct StudyRow {
  std::string_view rung, idea;
  kernels::study::Cost cost;
};

struct StudyTable {
  std::string name;     // in the page's marks, "<!-- study_model: begin NAME -->"
  std::string page;     // "matmul.md", in docs/study
  std::string caption;  // the shape
  double least_bytes;   // that any rung must read and write
  std::vector<StudyRow> rows;
};

// Every ladder at the shapes its page shows.
std::vector<StudyTable> study_tables();

// Markdown.
std::string to_markdown(const StudyTable& table, const kernels::study::DeviceLimits& device);

// `page` with the table written between its marks; rows that were there keep what they say was measured.
// Throws std::runtime_error when the marks are missing.
std::string with_table(const std::string& page, const StudyTable& table,
                       const kernels::study::DeviceLimits& device);

}  // namespace nst::bench
