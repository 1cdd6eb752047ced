"""Text in and out: what people write becomes safe HTML (`writing`), what others send is made safe (`sanitising`)."""
