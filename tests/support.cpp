#include "tests/support.h"

#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <utility>

#include "kernels/cpu_variant.h"

namespace nst::testing {

Tensor random_tensor(const Shape& shape, DType dtype, uint64_t seed, double low, double high) {
  std::mt19937_64 random(seed);
  std::vector<double> values(static_cast<size_t>(shape.numel()));
  // Not std::uniform_real_distribution, whose values differ between libraries.
  for (double& v : values) v = low + (high - low) * static_cast<double>(random() >> 11) * 0x1p-53;
  return Tensor::from<double>(shape, values).to(dtype);
}

Tensor random_away_from_zero(const Shape& shape, uint64_t seed) {
  auto values = random_tensor(shape, DType::float64, seed).to_vector<double>();
  for (double& v : values) v += v < 0 ? -0.05 : 0.05;
  return Tensor::from<double>(shape, values);
}

std::vector<Device> devices() {
  std::vector<Device> all{kCpu};
  if (cuda_device_count() > 0) all.push_back(kCuda);
  return all;
}

double relative_difference(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::quiet_NaN();
  double scale = 1, difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) return std::numeric_limits<double>::quiet_NaN();
    scale = std::max(scale, std::abs(b[i]));
    difference = std::max(difference, std::abs(a[i] - b[i]));
  }
  return difference / scale;
}

double relative_difference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) {
    ADD_FAILURE() << a.describe() << " against " << b.describe();
    return std::numeric_limits<double>::quiet_NaN();
  }
  return relative_difference(a.to_vector<double>(), b.to_vector<double>());
}

void expect_same_on_any_threads(const std::function<Tensor()>& f) {
  const int threads = omp_get_max_threads();
  std::vector<std::vector<double>> results;
  for (const int count : {1, 2, 5}) {
    omp_set_num_threads(count);
    results.push_back(f().to_vector<double>());
  }
  omp_set_num_threads(threads);
  EXPECT_EQ(results[1], results[0]);
  EXPECT_EQ(results[2], results[0]);
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "nst-test-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error(name + ": cannot make a temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> TemporaryFolder::names() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

std::string shared_path(const std::string& relative) {
  return std::string(NST_SOURCE_DIR) + "/../shared/" + relative;
}

bool has_shared() { return std::filesystem::exists(shared_path("data/images")); }

namespace {

std::vector<GradcheckCase>& registry() {
  static std::vector<GradcheckCase> cases;
  return cases;
}

}  // namespace

bool register_gradchecks(const std::vector<GradcheckCase>& cases) {
  std::ranges::copy(cases, std::back_inserter(registry()));
  return true;
}

bool register_gradchecks(const std::vector<GradcheckCase>& cases, const std::vector<Device>& devices) {
  for (const Device device : devices) {
    for (GradcheckCase c : cases) {
      c.device = device;
      if (device != kCpu) c.name += "_cuda";
      registry().push_back(std::move(c));
    }
  }
  return true;
}

void for_each_cpu_variant(const std::function<void()>& check) {
  using kernels::CpuVariant;
  const CpuVariant before = kernels::cpu_variant();
  for (const auto& [variant, name] :
       {std::pair{CpuVariant::baseline, "baseline"}, {CpuVariant::avx512, "avx512"}}) {
    if (!kernels::has_cpu_variant(variant)) continue;
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, name);
    kernels::set_cpu_variant(variant);
    check();
  }
  kernels::set_cpu_variant(before);
}

const std::vector<GradcheckCase>& gradcheck_cases() { return registry(); }

}  // namespace nst::testing

namespace nst {

void PrintTo(const Device& device, std::ostream* os) { *os << device.to_string(); }

}  // namespace nst
