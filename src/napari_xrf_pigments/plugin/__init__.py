"""The only folder that knows napari and Qt.

``session`` (one model per viewer) and ``scan`` hold the state, ``layers`` turns results
into layers and back, ``views`` are small widgets that say what the user wants, and
``docks`` wire views to the session.  Numerics do not belong here.
"""
