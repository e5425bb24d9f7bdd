"""Read and write data: objects, streams, readers, discovery of files, exports."""
