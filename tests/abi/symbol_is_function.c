__attribute__((visibility("default"))) int weir_plugin(void);

int weir_plugin(void)
{
	return 1;
}
