# Not run: macOS does not compile yet (docs/install.md).
class SafeLoad < Formula
  desc "Opens any PyTorch checkpoint and runs none of it"
  homepage "REVISION"
  url "REVISION"
  sha256 "SHA256"
  license "Apache-2.0"

  depends_on "cli11" => :build
  depends_on "cmake" => :build
  depends_on "ninja" => :build
  depends_on "nlohmann-json" => :build
  depends_on "libdeflate"
  depends_on "libmd"
  depends_on "xz"
  depends_on "zstd"

  def install
    system "cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DSAFE_LOAD_BUILD_TESTS=OFF", "-DSAFE_LOAD_BUILD_FUZZERS=OFF", *std_cmake_args
    system "cmake", "--build", "build"
    system "cmake", "--install", "build"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/safe-load --version")
  end
end
