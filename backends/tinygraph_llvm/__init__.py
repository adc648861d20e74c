"""The llvm backend: programs become native code for the CPU, by way of LLVM IR that is rendered
from the loop IR."""

from tinygraph_llvm.backend import LLVMBackend as LLVMBackend
from tinygraph_llvm.backend import backend as backend
