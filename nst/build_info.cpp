#include "nst/build_info.h"

#include <fmt/format.h>
#include <omp.h>
#include <Eigen/Core>

#include "nst/film_file.h"
#include "tensor/device.h"

namespace nst {

std::string version() { return NST_VERSION; }

std::vector<std::pair<std::string, std::string>> build_info() {
  const std::string cudnn = cudnn_problem();
  return {{"version", version()},
          {"compiler", __VERSION__},
          {"cpu", NST_CPU},
          {"threads", std::to_string(omp_get_max_threads())},
          {"eigen", fmt::format("{}.{}.{}", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION)},
          {"cuda", built_with_cuda() ? fmt::format("yes, {} device(s) found", cuda_device_count()) : "no"},
          {"films", film_libraries().empty() ? "no" : film_libraries()},
          {"cudnn", cudnn.empty() ? cudnn_version() : "no: " + cudnn}};
}

}  // namespace nst
