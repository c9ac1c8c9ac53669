// Octets per second through the body decoder and the dot-stuffer, in reads as a socket gives them.
#include <string>

#include <benchmark/benchmark.h>

#include "smtp/data.h"

namespace postern::smtp {
namespace {

constexpr std::size_t kReadOctets = 64 * 1024;
constexpr std::size_t kMessageOctets = 16 << 20;

std::string message(std::size_t line_octets) {
  const std::string line = std::string(line_octets, 'x') + "\r\n";
  std::string out;
  while (out.size() < kMessageOctets) out += line;
  return out;
}

void decode(benchmark::State& state, BodyDecoder::Framing framing) {
  const std::string wire = message(static_cast<std::size_t>(state.range(0)));
  std::string out;
  for (auto _ : state) {
    BodyDecoder decoder({.framing = framing});
    for (std::size_t at = 0; at < wire.size(); at += kReadOctets) {
      out.clear();
      decoder.feed(std::string_view(wire).substr(at, kReadOctets), out);
      benchmark::DoNotOptimize(out.data());
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(wire.size()));
}

void stuff(benchmark::State& state) {
  const std::string body = message(static_cast<std::size_t>(state.range(0)));
  std::string out;
  for (auto _ : state) {
    DotStuffer stuffer;
    for (std::size_t at = 0; at < body.size(); at += kReadOctets) {
      out.clear();
      stuffer.feed(std::string_view(body).substr(at, kReadOctets), out);
      benchmark::DoNotOptimize(out.data());
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

BENCHMARK_CAPTURE(decode, data, BodyDecoder::Framing::data)->Arg(0)->Arg(76)->Arg(998);
BENCHMARK_CAPTURE(decode, bdat, BodyDecoder::Framing::bdat)->Arg(76);
BENCHMARK(stuff)->Arg(76);

}  // namespace
}  // namespace postern::smtp
