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

// struct Table with a pointer to each function of a list, NST_CUBLAS_FUNCTIONS for one, under its own name.
// visit(f) calls f("cublasCreate_v2", pointer) for every one.
#define NST_FUNCTION_TABLE(Table, list)          \
  struct Table {                                 \
    list(NST_FUNCTION_MEMBER) template <class F> \
    void visit(F&& f) {                          \
      list(NST_FUNCTION_VISIT)                   \
    }                                            \
  }
#define NST_FUNCTION_MEMBER(name) decltype(&::name) name;
#define NST_FUNCTION_VISIT(name) f(NST_TEXT(name), name);

// The table filled from a library's functions; throws std::runtime_error when one is missing.
template <class Table>
Table load_functions(const char* file) {
  const SharedLibrary library(file);
  Table table{};
  table.visit([&](const char* name, auto& function) { library.find(name, function); });
  return table;
}

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
