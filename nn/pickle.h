// The few Python objects a file of weights is pickled from. A real unpickler calls whatever function the file
// names; this one knows dictionaries, lists, numbers, texts and tensors, and refuses everything else by name.
// The opcodes are described in CPython's Lib/pickletools.py.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nn/byte_reader.h"
#include "nn/stored_type.h"

namespace nst::nn {

struct Pickle {
  using Id = uint32_t;  // index in `values`: cyclic objects need neither owners nor recursion

  struct None {};
  // A name the file may use: "collections.OrderedDict", "torch.FloatStorage".
  struct Global {
    std::string name;
  };
  struct Sequence {  // list or tuple
    std::vector<Id> items{};
  };
  struct Dict {
    std::vector<std::pair<Id, Id>> items{};  // in the order written; a later key replaces an earlier one
  };
  // Elements [begin, begin + size) of the storage called `key`, kept elsewhere in the file.
  struct Storage {
    StoredType type;
    std::string key;
    int64_t begin, size;  // elements
  };
  struct TensorView {
    Id storage;
    int64_t offset;  // elements
    std::vector<int64_t> sizes, strides;
  };
  using Value =
      std::variant<None, bool, int64_t, double, std::string, Global, Sequence, Dict, Storage, TensorView>;

  std::vector<Value> values;
  Id root = 0;

  // The value if it is a T, else null.
  template <class T>
  const T* get(Id id) const {
    return std::get_if<T>(&values[id]);
  }
};

// Runs one pickle and leaves `reader` behind it. Throws std::runtime_error when it is malformed, needs an
// opcode that files of weights do not use, or names anything but collections.OrderedDict, the rebuild
// functions of torch._utils and torch.*Storage.
Pickle read_pickle(const FileBytes& file, ByteReader& reader);

}  // namespace nst::nn
