"""Exports of a trained run, and annotation of photographs with a run or an export.

The files of this folder are what its sub-folders share; they do not import TensorFlow.
"""
