"""Tables, figures and picture panels, made from CSV rows and saved frames only: no Keras."""
