"""The steps of the command line as functions on typed objects. Tables come out as pandas frames.

Everything heavy is imported inside the function that needs it, so that `import trialsim` costs next to nothing.
"""
