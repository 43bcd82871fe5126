// cuBLAS and cuDNN are loaded when they are first called, not with the program: they are hundreds of
// megabytes that a run on the CPU never touches, and a program linked to them does not start where one is
// missing.
#pragma once

namespace nst::kernels::cuda {

// A library of C functions, loaded and kept until the program ends.
class SharedLibrary {
 public:
  // "libcublas.so.13", looked for where the dynamic linker looks. Throws std::runtime_error, which names it,
  // when it cannot be loaded.
  explicit SharedLibrary(const char* file);

  // Points `function` to the library's function of this name; throws std::runtime_error when there is none.
  template <class Function>
  void find(const char* name, Function*& function) const {
    function = reinterpret_cast<Function*>(address(name));
  }

 private:
  void* address(const char* name) const;

  void* library_;
};

// Takes handles back through a table of a library's functions (cublas.h, cudnn.h); for UniqueHandle.
template <auto Functions, auto Destroy>
struct DestroyThrough {
  template <class Handle>
  void operator()(Handle handle) const {
    (Functions().*Destroy)(handle);
  }
};

}  // namespace nst::kernels::cuda

// The name that a macro stands for, as text: their headers rename functions.
#define NST_TEXT_OF(name) #name
#define NST_TEXT(name) NST_TEXT_OF(name)
