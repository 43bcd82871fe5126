#include "nn/torch_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "nn/pickle.h"
#include "nn/zip_archive.h"

namespace nst::nn {
namespace {

constexpr std::string_view kZipMagic = "PK\x03\x04";
// The pickled integer 0x1950a86a20f9469cfc6c, which begins a file in the old container, after \x80 and the
// pickle's protocol.
constexpr std::string_view kLegacyMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
constexpr size_t kLegacyMagicAt = 2;
constexpr int64_t kLegacyVersion = 1001;

constexpr int kMaxDepth = 16;              // of dictionaries within dictionaries
constexpr size_t kMaxKey = 512;            // characters of a flattened name
constexpr size_t kMaxVisits = 1 << 20;     // values looked at; a value may be reached in many ways
constexpr uint64_t kMaxPickle = 64 << 20;  // bytes
constexpr uint64_t kMaxExpansion = 4;      // a zip entry's bytes, in files; torch does not compress

bool has_at(const FileBytes& file, size_t at, std::string_view magic) {
  return file.size() >= at + magic.size() &&
         std::memcmp(file.bytes().data() + at, magic.data(), magic.size()) == 0;
}

struct NamedView {
  std::string name;
  const Pickle::TensorView* view;
  const Pickle::Storage* storage;
};

// The tensors of a pickled object, with their dotted names.
class Flattener {
 public:
  Flattener(const FileBytes& file, const Pickle& pickle) : file_(file), pickle_(pickle) {}

  std::vector<NamedView> run() {
    if (!pickle_.get<Pickle::Dict>(pickle_.root)) file_.fail("holds no dictionary of tensors");
    visit("", pickle_.root, 0);
    if (found_.empty()) file_.fail("holds no tensors");
    return std::move(found_);
  }

 private:
  void visit(const std::string& name, Pickle::Id id, int depth) {
    if (depth > kMaxDepth) file_.fail("dictionaries nested too deeply");
    count_visit();
    if (name.size() > kMaxKey) fail_long_name();
    if (const auto* view = pickle_.get<Pickle::TensorView>(id)) {
      found_.push_back({name, view, pickle_.get<Pickle::Storage>(view->storage)});
    } else if (const auto* dict = pickle_.get<Pickle::Dict>(id)) {
      for (const auto& [key, value] : last_of_each_key(*dict)) visit(join(name, key), value, depth + 1);
    } else if (const auto* sequence = pickle_.get<Pickle::Sequence>(id)) {
      for (size_t i = 0; i < sequence->items.size(); ++i) {
        visit(join(name, std::to_string(i)), sequence->items[i], depth + 1);
      }
    }
  }

  std::map<std::string, Pickle::Id> last_of_each_key(const Pickle::Dict& dict) {
    std::map<std::string, Pickle::Id> items;
    for (const auto& [key, value] : dict.items) {
      count_visit();
      if (const auto* text = pickle_.get<std::string>(key)) {
        if (text->size() > kMaxKey) fail_long_name();
        items.insert_or_assign(*text, value);
      } else if (const auto* number = pickle_.get<int64_t>(key)) {
        items.insert_or_assign(std::to_string(*number), value);
      }
    }
    return items;
  }

  void count_visit() {
    if (++visits_ > kMaxVisits) file_.fail("dictionaries that hold each other too often");
  }
  [[noreturn]] void fail_long_name() const {
    file_.fail(fmt::format("a name of more than {} characters", kMaxKey));
  }

  static std::string join(const std::string& prefix, const std::string& key) {
    return prefix.empty() ? key : fmt::format("{}.{}", prefix, key);
  }

  const FileBytes& file_;
  const Pickle& pickle_;
  std::vector<NamedView> found_;
  size_t visits_ = 0;
};

// The view's shape. Throws unless every element lies within its storage, and there are no more of them than
// the storage has (a broadcast view could be of any size).
Shape checked_shape(const FileBytes& file, const NamedView& named) {
  const auto& [name, view, storage] = named;
  const Shape shape = stored_shape(file, name, view->sizes);
  bool inside =
      view->strides.size() == view->sizes.size() && view->offset >= 0 && shape.numel() <= storage->size;
  int64_t last = view->offset;
  for (size_t axis = 0; inside && axis < view->sizes.size(); ++axis) {
    int64_t span;
    inside =
        view->strides[axis] >= 0 &&
        !__builtin_mul_overflow(view->strides[axis], std::max<int64_t>(view->sizes[axis] - 1, 0), &span) &&
        !__builtin_add_overflow(last, span, &last);
  }
  if (!inside || (shape.numel() > 0 && last >= storage->size)) {
    file.fail(fmt::format("tensor {} {} lies outside its storage of {} elements", name, shape.to_string(),
                          storage->size));
  }
  return shape;
}

// The root storage's bytes, at least those up to the end of `storage`.
using Storages = std::function<FileBytes(const Pickle::Storage& storage)>;

void add_tensors(WeightFile& weights, const FileBytes& file, const std::vector<NamedView>& tensors,
                 const Storages& storages) {
  for (const NamedView& named : tensors) {
    const Shape shape = checked_shape(file, named);
    auto read = [storages, shape, storage = *named.storage, view = *named.view] {
      if (shape.numel() == 0) return Tensor::empty(shape, dtype_of(storage.type));
      const FileBytes elements = storages(storage);
      const auto first = static_cast<size_t>((storage.begin + view.offset) * size_of(storage.type));
      return to_tensor(storage.type, elements.bytes().subspan(first), shape, view.strides);
    };
    weights.add(named.name, {named.storage->type, shape, std::move(read)});
  }
}

// Bytes up to the end of the storage; nothing when they cannot be counted.
std::optional<uint64_t> bytes_needed(const Pickle::Storage& storage) {
  int64_t end;
  if (__builtin_add_overflow(storage.begin, storage.size, &end) ||
      __builtin_mul_overflow(end, size_of(storage.type), &end)) {
    return std::nullopt;
  }
  return static_cast<uint64_t>(end);
}

// ---- The zip container: FOLDER/data.pkl, FOLDER/data/KEY
// ---------------------------------------------------

const ZipArchive::Entry& object_entry(const FileBytes& file, const ZipArchive& archive) {
  for (const auto& [name, entry] : archive.entries()) {
    if (name.ends_with("/data.pkl") && std::ranges::count(name, '/') == 1) return entry;
  }
  file.fail("a zip archive, but not one that torch.save wrote: there is no data.pkl");
}

WeightFile open_zip(const FileBytes& file) {
  const auto archive = std::make_shared<const ZipArchive>(file);
  const auto& object = object_entry(file, *archive);
  const std::string folder = object.name.substr(0, object.name.find('/') + 1);
  if (archive->find(folder + "constants.pkl")) {
    file.fail("a TorchScript archive; save the module's state_dict() instead");
  }
  if (const auto* order = archive->find(folder + "byteorder"); order && order->bytes == 3) {
    file.fail("written by a big-endian machine");  // "big", not "little"
  }
  if (object.bytes > kMaxPickle) file.fail(fmt::format("data.pkl has {} bytes, too many", object.bytes));
  const auto content = archive->read(object);
  ByteReader reader(file, content);
  const Pickle pickle = read_pickle(file, reader);

  const auto tensors = Flattener(file, pickle).run();
  for (const auto& [name, view, storage] : tensors) {
    const auto* entry = archive->find(fmt::format("{}data/{}", folder, storage->key));
    if (!entry) file.fail(fmt::format("truncated: the elements of tensor {} are missing", name));
    const auto needed = bytes_needed(*storage);
    if (!needed || *needed > entry->bytes) {
      file.fail(fmt::format("truncated: tensor {} needs {} elements, {} has {} bytes", name, storage->size,
                            entry->name, entry->bytes));
    }
    if (entry->bytes / kMaxExpansion > file.size()) {
      file.fail(fmt::format("{} expands to {} bytes", entry->name, entry->bytes));
    }
  }

  WeightFile weights(file, "PyTorch, zip container");
  // Tensors that share a storage mostly follow each other.
  struct Last {
    std::string key;
    std::optional<FileBytes> bytes;
  };
  add_tensors(weights, file, tensors,
              [archive, folder, last = std::make_shared<Last>()](const Pickle::Storage& storage) {
                if (last->key != storage.key || !last->bytes) {
                  const auto* entry = archive->find(fmt::format("{}data/{}", folder, storage.key));
                  last->bytes = FileBytes::from(archive->read(*entry), entry->name);
                  last->key = storage.key;
                }
                return *last->bytes;
              });
  return weights;
}

// ---- The legacy container: magic, version, system, object, storage keys; then each storage
// -----------------

void check_system(const FileBytes& file, ByteReader& reader) {
  const Pickle version = read_pickle(file, reader);
  const auto* number = version.get<int64_t>(version.root);
  if (!number || *number != kLegacyVersion) file.fail("written by an unknown version of torch.save");
  const Pickle system = read_pickle(file, reader);
  if (const auto* dict = system.get<Pickle::Dict>(system.root)) {
    for (const auto& [key, value] : dict->items) {
      const auto* name = system.get<std::string>(key);
      const auto* flag = system.get<bool>(value);
      if (name && *name == "little_endian" && flag && !*flag) file.fail("written by a big-endian machine");
    }
  }
}

// The element type of every storage, by key: the storages themselves do not say.
std::map<std::string, StoredType> storage_types(const FileBytes& file, const Pickle& pickle) {
  std::map<std::string, StoredType> types;
  for (const auto& value : pickle.values) {
    const auto* storage = std::get_if<Pickle::Storage>(&value);
    if (!storage) continue;
    if (types.emplace(storage->key, storage->type).first->second != storage->type) {
      file.fail(fmt::format("storage {} has two element types", storage->key));
    }
  }
  return types;
}

// Where the elements of every storage are.
std::map<std::string, FileBytes> find_storages(const FileBytes& file, ByteReader& reader,
                                               const Pickle& pickle, const std::vector<NamedView>& tensors) {
  const auto types = storage_types(file, pickle);
  std::map<std::string, std::string> names;  // what to call a storage in messages
  for (const auto& [key, type] : types) names.emplace(key, fmt::format("storage {}", key));
  for (const auto& [name, view, storage] : tensors) names[storage->key] = fmt::format("tensor {}", name);

  const Pickle keys = read_pickle(file, reader);
  const auto* list = keys.get<Pickle::Sequence>(keys.root);
  if (!list) file.fail("the list of storages is missing");
  std::map<std::string, FileBytes> storages;
  for (const Pickle::Id id : list->items) {
    const auto* key = keys.get<std::string>(id);
    const auto type = key ? types.find(*key) : types.end();
    if (type == types.end()) file.fail("a storage that no tensor uses, and whose type is unknown");
    const auto count = reader.number<int64_t>();
    const auto needed = bytes_needed({type->second, *key, 0, count});
    if (count < 0 || !needed) file.fail(fmt::format("storage {} has {} elements", *key, count));
    if (*needed > reader.remaining()) {
      file.fail(fmt::format("truncated: {} needs {} bytes at {}, the file has {}", names.at(*key), *needed,
                            reader.position(), file.size()));
    }
    storages.emplace(*key, file.slice(reader.position(), *needed));
    reader.take(*needed);
  }
  return storages;
}

WeightFile open_legacy(const FileBytes& file) {
  ByteReader reader(file, file.bytes());
  reader.take(kLegacyMagicAt + kLegacyMagic.size());
  check_system(file, reader);
  const Pickle pickle = read_pickle(file, reader);
  const auto tensors = Flattener(file, pickle).run();
  const auto storages = find_storages(file, reader, pickle, tensors);
  for (const auto& [name, view, storage] : tensors) {
    const auto found = storages.find(storage->key);
    if (found == storages.end())
      file.fail(fmt::format("truncated: the elements of tensor {} are missing", name));
    const auto needed = bytes_needed(*storage);
    if (!needed || *needed > found->second.size()) {
      file.fail(fmt::format("truncated: tensor {} needs {} elements, its storage has {} bytes", name,
                            storage->size, found->second.size()));
    }
  }
  WeightFile weights(file, "PyTorch, legacy container");
  add_tensors(weights, file, tensors,
              [storages](const Pickle::Storage& storage) { return storages.at(storage.key); });
  return weights;
}

}  // namespace

bool is_torch(const FileBytes& file) {
  return has_at(file, 0, kZipMagic) || has_at(file, kLegacyMagicAt, kLegacyMagic);
}

WeightFile open_torch(const FileBytes& file) {
  if (has_at(file, 0, kZipMagic)) return open_zip(file);
  if (has_at(file, kLegacyMagicAt, kLegacyMagic)) return open_legacy(file);
  file.fail("not a file that torch.save wrote");
}

}  // namespace nst::nn
