"""What makes objects, called by the engine while it builds. A fixed set: no name from a file chooses what is called.

    choose                    which makers a load takes
    torch, arrays             tensors of torch, or arrays of NumPy in their place
    makers                    Makers: everything else
    stdlib, numpy, scalars    values of the standard library and of NumPy
    passed, rebuild           the caller's classes, and how objects of them are built
    own_records, beside       records that were saved before; attributes that a tensor has no place for
"""
