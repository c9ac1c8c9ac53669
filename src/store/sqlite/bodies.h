// Bodies on their way in and out. In: memory up to OpenOptions::body_memory, a file of the store
// beyond. Out: a body of the database is read whole (it is no larger than body_memory and the
// prefix), a file is streamed.
#pragma once

#include "store/sqlite/database.h"
#include "store/sqlite/files.h"
#include "store/store.h"

namespace postern::store::sqlite {

class StoredBodyWriter final : public BodyWriter {
 public:
  StoredBodyWriter(BodyFolder& folder, std::uint64_t memory_limit);
  ~StoredBodyWriter() override;  // removes the file unless keep() was called
  StoredBodyWriter(const StoredBodyWriter&) = delete;
  StoredBodyWriter& operator=(const StoredBodyWriter&) = delete;

  [[nodiscard]] Result<void> append(std::string_view octets) override;
  void set_prefix(std::string octets) override;
  [[nodiscard]] std::uint64_t size() const override;

  // For the writer thread. sync(): the file's octets are durable; its name is so after
  // BodyFolder::sync().
  [[nodiscard]] bool in_file() const { return file_.file.is_open(); }
  [[nodiscard]] Result<void> sync();
  [[nodiscard]] Result<void> insert(Database& database, MessageId message) const;
  void keep() { kept_ = true; }
  [[nodiscard]] std::uint64_t memory() const { return memory_.size() + prefix_.size(); }

 private:
  Result<void> spill();
  Result<void> write_file(std::string_view octets);

  BodyFolder& folder_;
  std::uint64_t memory_limit_;
  std::string prefix_;
  std::string memory_;
  BodyFolder::NewFile file_;
  std::uint64_t octets_ = 0;    // without prefix
  std::uint64_t in_file_ = 0;   // octets written to the file
  std::uint64_t started_ = 0;   // of these, those whose way to the disk was started
  std::optional<Error> error_;  // a failed write stays: the body is not whole
  bool kept_ = false;
};

// Errors: store_errc::no_body.
[[nodiscard]] Result<std::unique_ptr<BodyReader>> open_stored_body(Database& database,
                                                                   const BodyFolder& folder,
                                                                   MessageId id);

}  // namespace postern::store::sqlite
