"""Artifact storage for Argo Workflows, from one stack file."""

import gc

gc.disable()  # what is loaded and declared stays to the end: looking for rubbish in it finds none
from components.program import run

run()
gc.freeze()
gc.enable()
