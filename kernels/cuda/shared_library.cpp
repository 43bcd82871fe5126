#include "kernels/cuda/shared_library.h"

#include <dlfcn.h>

#include <stdexcept>

namespace nst::kernels::cuda {

SharedLibrary::SharedLibrary(const char* file) : library_(dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
  if (!library_) throw std::runtime_error(dlerror());  // it names the file
}

void* SharedLibrary::address(const char* name) const {
  void* const function = dlsym(library_, name);
  if (!function) throw std::runtime_error(dlerror());
  return function;
}

}  // namespace nst::kernels::cuda
