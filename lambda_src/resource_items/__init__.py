"""How files, uploads and batches are stored: ids, items of the table `Resources`, objects of the bucket `Files`.

Standard library only.
"""
