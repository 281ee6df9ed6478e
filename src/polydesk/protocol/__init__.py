"""The venue's wire: frames, amounts, digests, signatures. Bytes in, values out."""
